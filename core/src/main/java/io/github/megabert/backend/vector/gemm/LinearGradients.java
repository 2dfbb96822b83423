// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The adjoints of {@code y = x·Wᵀ + b}: {@code dX = dY·W}, {@code dW += dYᵀ·x}, {@code db += Σ dY}.
 */
public final class LinearGradients {
  /** Inputs of a product, at most; more are several products, so that the copy of rows is small. */
  private static final int DEPTH = 4 * Gemm.DEPTH;

  private final UnpackedGemm gemm;
  private final RowCopy rows;
  private final ColumnCopy columns;
  private final StripPanels strips;
  private final RoundedPanels rounded;
  private final ColumnSums sums;

  /** The bias of products that have none. */
  private MemorySegment zeros = MemorySegment.NULL;

  public LinearGradients(Team team, KernelMemory memory, Forms forms, UnpackedGemm gemm) {
    this.gemm = gemm;
    rows = new RowCopy(team, forms, gemm.strided());
    columns = new ColumnCopy(team, gemm.strided());
    strips = new StripPanels(forms);
    rounded = new RoundedPanels(forms, strips);
    sums = new ColumnSums(team, memory, forms);
  }

  /**
   * {@code dX = dY·W}, or added to it.
   *
   * @param dY {@code [rows, outputs]}
   * @param linear a trainable layer: its weight is {@code [outputs, inputs]}
   * @param dX {@code [rows, inputs]}
   */
  public void input(HostMatrix dY, PackedLinear linear, boolean add, HostMatrix dX) {
    PanelSource weights = linear.isRounded() ? rounded : strips;
    for (int from = 0; from < dY.columns(); from += DEPTH) {
      int count = Math.min(DEPTH, dY.columns() - from);
      rows.set(dY, from, count);
      strips.set(linear.liveWeight(), linear.inputs(), from);
      gemm.multiply(rows, weights, count, zeros(dX.columns()), add || from > 0, dX);
    }
  }

  /**
   * {@code dW += dYᵀ·x}, {@code db += Σ dY}, the sum of the rows; either may be left out.
   *
   * @param dY {@code [rows, outputs]}
   * @param x {@code [rows, inputs]}
   * @param dWeight {@code [outputs, inputs]}
   * @param dBias as many numbers as outputs
   */
  public void parameters(
      HostMatrix dY, HostMatrix x, @Nullable HostMatrix dWeight, @Nullable HostMatrix dBias) {
    MemorySegment bias = dBias == null ? null : dBias.segment();
    if (dWeight == null) {
      if (bias != null) {
        sums.add(dY, bias);
      }
      return;
    }
    for (int from = 0; from < x.rows(); from += DEPTH) {
      int count = Math.min(DEPTH, x.rows() - from);
      columns.set(dY, from, count, bias);
      strips.set(x.segment(), x.columns(), from);
      gemm.multiply(columns, strips, count, zeros(x.columns()), true, dWeight);
    }
  }

  private MemorySegment zeros(int count) {
    if (zeros.byteSize() < (long) count * Float.BYTES) {
      zeros = Arena.ofAuto().allocate((long) count * FLOAT.byteSize(), Tensor.ALIGNMENT);
    }
    return zeros;
  }
}
