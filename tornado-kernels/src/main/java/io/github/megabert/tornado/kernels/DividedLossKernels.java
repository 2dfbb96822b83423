// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What a rank computes alone of classes that are divided among ranks. */
public final class DividedLossKernels {
  private static final int ROW_THREADS = FloatRowKernels.ROW_THREADS;

  private DividedLossKernels() {}

  /**
   * Of each row: the maximum, the sum of {@code exp(x − maximum)}, the label's logit, or 0 where
   * another rank has it, and the sum; a work group a row.
   *
   * @param first this rank's first class
   */
  static void statistics(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      FloatArray x,
      FloatArray out,
      int columns,
      int first) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int base = row * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float[] others = context.allocateFloatLocalArray(ROW_THREADS);
    float max = DeviceMath.MASKED;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      max = TornadoMath.max(max, x.get(base + c));
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float exponentials = 0f;
    float sum = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float value = x.get(base + c);
      exponentials += TornadoMath.exp(value - max);
      sum += value;
    }
    partial[thread] = exponentials;
    others[thread] = sum;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        others[thread] = others[thread] + others[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      int own = integers.get(labelsAt + row) - first;
      float logit = 0f;
      if (own >= 0) {
        if (own < columns) {
          logit = x.get(base + own);
        }
      }
      out.set(4 * row, max);
      out.set(4 * row + 1, partial[0]);
      out.set(4 * row + 2, logit);
      out.set(4 * row + 3, others[0]);
    }
  }

  /**
   * The gradient for this rank's logits, zeros in rows without a label; a thread an element.
   *
   * @param totals the logarithm of the sum of all classes' exponentials, of each row
   * @param first this rank's first class
   * @param share of the smoothing, of each class
   */
  static void gradient(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      FloatArray x,
      FloatArray totals,
      FloatArray dOut,
      FloatArray dX,
      int columns,
      int first,
      float smoothing,
      float share,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int row = i / columns;
      int label = integers.get(labelsAt + row);
      float value = 0f;
      if (label >= 0) {
        float wanted = share;
        if (first + i - row * columns == label) {
          wanted += 1f - smoothing;
        }
        value = (TornadoMath.exp(x.get(i) - totals.get(row)) - wanted) * dOut.get(row);
      }
      dX.set(i, value);
    }
  }

  /**
   * Puts columns of ranks side by side, in order of rank; a thread an element.
   *
   * @param parts of each rank {@code [rows, its columns]}, one behind the other; the first ranks
   *     have one column more where they cannot be divided evenly
   * @param out {@code [rows, columns]}, and zeros behind them
   */
  static void sideBySide(
      KernelContext context,
      FloatArray parts,
      FloatArray out,
      int rows,
      int columns,
      int ranks,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int row = i / columns;
      int column = i - row * columns;
      int least = columns / ranks;
      int longer = columns - least * ranks;
      int first = column / (least + 1) * (least + 1);
      int width = least + 1;
      if (column >= longer * (least + 1)) {
        // Nobody has fewer than one column here.
        width = TornadoMath.max(1, least);
        first = column - (column - longer) % width;
      }
      float value = 0f;
      if (row < rows) {
        value = parts.get(first * rows + row * width + column - first);
      }
      out.set(i, value);
    }
  }
}
