package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What follows a matrix product, on the part of it that a task has just finished and that is still
 * in the cache: {@code out = activation(sums + bias) + residual}.
 */
final class Epilogue {
  private final Kernels kernels;
  private MemorySegment bias = MemorySegment.NULL;
  private Activation activation = Activation.IDENTITY;
  private @Nullable MemorySegment residual;
  private MemorySegment out = MemorySegment.NULL;
  private int columns;

  Epilogue(Kernels kernels) {
    this.kernels = kernels;
  }

  /**
   * Says what to do.
   *
   * @param residual may be {@code out}
   * @param columns columns of residual and out; bias has a number for each
   */
  void set(
      MemorySegment bias,
      Activation activation,
      @Nullable MemorySegment residual,
      MemorySegment out,
      int columns) {
    this.bias = bias;
    this.activation = activation;
    this.residual = residual;
    this.out = out;
    this.columns = columns;
  }

  /**
   * Does it for some rows and columns.
   *
   * @param sums the product of these rows and columns, the first at {@code sumsOffset}; overwritten
   * @param sumsStride bytes from a row of it to the next
   */
  void apply(
      MemorySegment sums,
      long sumsOffset,
      long sumsStride,
      int fromRow,
      int toRow,
      int fromColumn,
      int toColumn) {
    int count = toColumn - fromColumn;
    long biasAt = (long) fromColumn * Float.BYTES;
    MemorySegment added = residual;
    for (int row = fromRow; row < toRow; row++) {
      long from = sumsOffset + (row - fromRow) * sumsStride;
      long at = ((long) row * columns + fromColumn) * Float.BYTES;
      if (added == null) {
        kernels.biasAndActivation(activation, sums, from, out, at, bias, biasAt, count);
      } else if (activation == Activation.IDENTITY) {
        kernels.biasAndResidual(sums, from, added, out, at, bias, biasAt, count);
      } else {
        kernels.biasAndActivation(activation, sums, from, sums, from, bias, biasAt, count);
        kernels.residual(sums, from, added, out, at, count);
      }
    }
  }
}
