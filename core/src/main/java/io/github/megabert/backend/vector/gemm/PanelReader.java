// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Transposes rows of stacked weights, as a checkpoint has them, into a panel of float32. By way of
 * arrays: a loop over arrays is fast after a millisecond of running, one over memory segments only
 * once C2 has compiled it, and a model is packed once. Whole rows are fetched first, because the
 * memory gives those fastest, and because a page of a file may be gone, which machine code would
 * not bear. Belongs to one thread at a time.
 */
public final class PanelReader {
  /** Inputs that are fetched at once, at most. */
  static final int DEPTH = Gemm.DEPTH;

  /** Inputs that are transposed at once, at most: the result stays in the first-level cache. */
  static final int BLOCK = NarrowWeights.GROUP;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

  /** {@code [PANEL, DEPTH]}, as they are stored. */
  private final float[] rows = new float[PANEL * DEPTH];

  private final MemorySegment rowMemory = MemorySegment.ofArray(rows);

  /** Transposed, {@code [BLOCK, PANEL]}. */
  private final float[] columns = new float[BLOCK * PANEL];

  private final short[] halves = new short[DEPTH];

  /**
   * Writes inputs {@code k} to {@code k + count - 1} of a panel, by machine code where there is
   * any.
   *
   * @param weights stacked weights {@code [outputs, inputs]}
   * @param target takes {@code [count, PANEL]} float32, from {@code offset} on
   */
  void read(
      Forms forms,
      List<Tensor> weights,
      int panel,
      int k,
      int count,
      MemorySegment target,
      long offset) {
    RowKernels machine = MachineRows.get(forms);
    fetch(weights, panel, k, count);
    for (int from = 0; from < count; from += BLOCK) {
      int part = Math.min(BLOCK, count - from);
      long to = offset + (long) from * PANEL_BYTES;
      if (machine != null) {
        long at = (long) from * Float.BYTES;
        machine.transpose(PANEL, part, rowMemory, at, (long) DEPTH * Float.BYTES, target, to);
      } else {
        MemorySegment.copy(transpose(from, part), 0, target, FLOAT, to, part * PANEL);
      }
    }
  }

  /** Fetches inputs {@code k} to {@code k + count - 1} of a panel, at most {@link #DEPTH}. */
  void fetch(List<Tensor> weights, int panel, int k, int count) {
    int first = panel * PANEL;
    int column = 0;
    for (Tensor weight : weights) {
      int extent = weight.shape().intExtent(0);
      int inputs = weight.shape().intExtent(1);
      int from = Math.max(0, first - column);
      int to = Math.min(extent, first + PANEL - column);
      for (int row = from; row < to; row++) {
        fetch(weight, (long) row * inputs + k, count, (column + row - first) * DEPTH);
      }
      column += extent;
    }
    for (int n = Math.max(0, column - first); n < PANEL; n++) {
      Arrays.fill(rows, n * DEPTH, n * DEPTH + count, 0);
    }
  }

  private void fetch(Tensor weight, long first, int count, int to) {
    MemorySegment memory = weight.segment();
    DType dtype = weight.dtype();
    if (dtype == DType.F32) {
      MemorySegment.copy(memory, FLOAT, first * Float.BYTES, rows, to, count);
    } else if (dtype == DType.F16 || dtype == DType.BF16) {
      MemorySegment.copy(memory, SHORT, first * Short.BYTES, halves, 0, count);
      for (int i = 0; i < count; i++) {
        short half = halves[i];
        rows[to + i] = dtype == DType.F16 ? Float.float16ToFloat(half) : BFloat16.toFloat(half);
      }
    } else {
      for (int i = 0; i < count; i++) {
        rows[to + i] = weight.getFloat(first + i);
      }
    }
  }

  /**
   * Transposes some of what has been fetched.
   *
   * @param from the first input, counted from the first that was fetched
   * @param count at most {@link #BLOCK}
   * @return {@code [count, PANEL]}, until the next call
   */
  public float[] transpose(int from, int count) {
    transpose(rows, from, DEPTH, count, columns);
    return columns;
  }

  /**
   * Transposes a panel's worth of rows.
   *
   * @param rows {@code [PANEL, stride]}, of which {@code count} columns from {@code first} on are
   *     taken
   * @param columns {@code [count, PANEL]}, overwritten
   */
  public static void transpose(float[] rows, int first, int stride, int count, float[] columns) {
    // Stores at constant distances need no check each, loads at a variable distance would.
    for (int n = 0; n < PANEL; n++) {
      int from = first + n * stride;
      for (int k = 0; k < count; k++) {
        columns[k * PANEL + n] = rows[from + k];
      }
    }
  }
}
