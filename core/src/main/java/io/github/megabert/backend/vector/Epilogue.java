package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What follows a matrix product, on the part of it that a task has just finished and that is still
 * in the second-level cache: {@code out = activation(sums + bias) + residual}.
 */
final class Epilogue {
  private final Kernels kernels;
  private MemorySegment bias = MemorySegment.NULL;
  private Activation activation = Activation.IDENTITY;
  private @Nullable MemorySegment residual;
  private MemorySegment sums = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private int columns;

  Epilogue(Kernels kernels) {
    this.kernels = kernels;
  }

  /**
   * Says what to do.
   *
   * @param sums the product; the same memory as {@code out} unless residual is that
   * @param columns columns of sums, residual and out; bias has a number for each
   */
  void set(
      MemorySegment bias,
      Activation activation,
      @Nullable MemorySegment residual,
      MemorySegment sums,
      MemorySegment out,
      int columns) {
    this.bias = bias;
    this.activation = activation;
    this.residual = residual;
    this.sums = sums;
    this.out = out;
    this.columns = columns;
  }

  /** Does it for some rows and columns. */
  void apply(int fromRow, int toRow, int fromColumn, int toColumn) {
    int count = toColumn - fromColumn;
    long biasAt = (long) fromColumn * Float.BYTES;
    MemorySegment added = residual;
    for (int row = fromRow; row < toRow; row++) {
      long at = ((long) row * columns + fromColumn) * Float.BYTES;
      if (added == null) {
        kernels.biasAndActivation(activation, sums, at, bias, biasAt, count);
      } else if (activation == Activation.IDENTITY) {
        kernels.biasAndResidual(sums, added, out, at, bias, biasAt, count);
      } else {
        kernels.biasAndActivation(activation, sums, at, bias, biasAt, count);
        kernels.residual(sums, added, out, at, count);
      }
    }
  }
}
