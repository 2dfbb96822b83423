// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.rows.AddResidual;
import io.github.megabert.backend.vector.rows.BiasAndActivation;
import io.github.megabert.backend.vector.rows.BiasAndResidual;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What follows a matrix product, on the part of it that a task has just finished and that is still
 * in the cache: {@code out = activation(sums + bias) + residual}.
 */
final class Epilogue {
  private final Forms forms;
  private MemorySegment bias = MemorySegment.NULL;
  private Activation activation = Activation.IDENTITY;
  private @Nullable MemorySegment residual;
  private MemorySegment out = MemorySegment.NULL;
  private int columns;

  Epilogue(Forms forms) {
    this.forms = forms;
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
    long step = (toRow - fromRow) * (long) Lanes.PANEL_BYTES;
    int count = toColumn - fromColumn;
    long biasAt = (long) fromColumn * Float.BYTES;
    MemorySegment added = residual;
    RowKernels machine = MachineRows.get(forms);
    RowKernels.Epilogue epilogue = machine == null ? null : epilogue();
    if (machine != null && epilogue != null) {
      long at = ((long) fromRow * columns + fromColumn) * Float.BYTES;
      long stride = (long) columns * Float.BYTES;
      int rows = toRow - fromRow;
      MemorySegment other = added == null ? out : added;
      machine.epilogue(
          epilogue, rows, count, sums, sumsOffset, step, bias, biasAt, other, out, at, stride);
      return;
    }
    for (int row = fromRow; row < toRow; row++) {
      long from = sumsOffset + (row - fromRow) * (long) Lanes.PANEL_BYTES;
      long at = ((long) row * columns + fromColumn) * Float.BYTES;
      if (added == null) {
        BiasAndActivation.apply(forms, activation, sums, from, step, out, at, bias, biasAt, count);
      } else if (activation == Activation.IDENTITY) {
        BiasAndResidual.add(forms, sums, from, step, added, out, at, bias, biasAt, count);
      } else {
        activateAndAdd(sums, from, step, added, row, fromColumn, toColumn);
      }
    }
  }

  /** What machine code does of it; null if it has no such kernel. */
  private RowKernels.@Nullable Epilogue epilogue() {
    if (residual != null) {
      return activation == Activation.IDENTITY ? RowKernels.Epilogue.RESIDUAL : null;
    }
    return switch (activation) {
      case IDENTITY -> RowKernels.Epilogue.BIAS;
      case GELU -> RowKernels.Epilogue.GELU;
      case TANH -> RowKernels.Epilogue.TANH;
      default -> null;
    };
  }

  /** A panel at a time, because out may be what is added. */
  private void activateAndAdd(
      MemorySegment sums,
      long sumsOffset,
      long step,
      MemorySegment added,
      int row,
      int fromColumn,
      int toColumn) {
    long from = sumsOffset;
    for (int column = fromColumn; column < toColumn; column += Lanes.PANEL) {
      int count = Math.min(Lanes.PANEL, toColumn - column);
      long biasAt = (long) column * Float.BYTES;
      long at = ((long) row * columns + column) * Float.BYTES;
      BiasAndActivation.apply(forms, activation, sums, from, step, sums, from, bias, biasAt, count);
      AddResidual.add(forms, sums, from, added, out, at, count);
      from += step;
    }
  }
}
