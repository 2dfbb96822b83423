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
   * @param sums the product of these rows and columns, a panel after the other; overwritten
   * @param fromColumn the first column of a panel
   */
  void apply(
      MemorySegment sums, long sumsOffset, int fromRow, int toRow, int fromColumn, int toColumn) {
    long panelSums = (toRow - fromRow) * (long) Lanes.PANEL_BYTES;
    for (int row = fromRow; row < toRow; row++) {
      long from = sumsOffset + (row - fromRow) * (long) Lanes.PANEL_BYTES;
      for (int column = fromColumn; column < toColumn; column += Lanes.PANEL) {
        apply(sums, from, row, column, Math.min(Lanes.PANEL, toColumn - column));
        from += panelSums;
      }
    }
  }

  private void apply(MemorySegment sums, long from, int row, int column, int count) {
    long biasAt = (long) column * Float.BYTES;
    long at = ((long) row * columns + column) * Float.BYTES;
    MemorySegment added = residual;
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
