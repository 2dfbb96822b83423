// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The products of the backward pass, for devices and shapes that no library serves. */
public final class TrainingMatrixKernels {
  private static final int TILE = FloatMatrixKernels.TILE;
  private static final int THREADS = FloatMatrixKernels.THREADS;
  private static final int DEPTH = 16;
  private static final int STRIDE = TILE + 1;

  private TrainingMatrixKernels() {}

  /**
   * {@code out[m, n] = Σ a[m, k] · b[k, n] + beta · out[m, n]}; the work group {@code (i, j)}
   * computes the tile of columns {@code 64i …} and rows {@code 64j …}.
   *
   * @param termsAt where the number of terms is in the integers
   * @param aRow distance of the rows of a, and {@code aTerm} that of its columns
   */
  static void product(
      KernelContext context,
      IntArray integers,
      int termsAt,
      FloatArray a,
      FloatArray b,
      FloatArray out,
      int rows,
      int columns,
      int terms,
      int aRow,
      int aTerm,
      int beta) {
    int thread = context.localIdx;
    int firstColumn = context.groupIdx * TILE;
    int firstRow = context.groupIdy * TILE;
    int tileColumn = (thread % 16) * 4;
    int tileRow = (thread / 16) * 4;
    float[] left = context.allocateFloatLocalArray(DEPTH * STRIDE);
    float[] right = context.allocateFloatLocalArray(DEPTH * STRIDE);
    float[] sums = new float[16];
    for (int i = 0; i < 16; i++) {
      sums[i] = 0f;
    }
    // Always read: TornadoVM unrolls a loop of few constant rounds, in which conditions become
    // constant, and its OpenCL compiler takes no constant condition.
    int count = TornadoMath.min(terms, integers.get(termsAt));
    for (int depth = 0; depth < count; depth += DEPTH) {
      for (int i = thread; i < TILE * DEPTH; i += THREADS) {
        // Neighbouring threads read neighbouring numbers.
        int line = aTerm == 1 ? i / DEPTH : i % TILE;
        int k = aTerm == 1 ? i % DEPTH : i / TILE;
        float value = 0f;
        if (depth + k < count && firstRow + line < rows) {
          value = a.get((firstRow + line) * aRow + (depth + k) * aTerm);
        }
        left[k * STRIDE + line] = value;
        int column = i % TILE;
        int term = i / TILE;
        float other = 0f;
        if (depth + term < count && firstColumn + column < columns) {
          other = b.get((depth + term) * columns + firstColumn + column);
        }
        right[term * STRIDE + column] = other;
      }
      context.localBarrier();
      for (int k = 0; k < DEPTH; k++) {
        int from = k * STRIDE + tileRow;
        int to = k * STRIDE + tileColumn;
        float b0 = right[to];
        float b1 = right[to + 1];
        float b2 = right[to + 2];
        float b3 = right[to + 3];
        for (int r = 0; r < 4; r++) {
          float x = left[from + r];
          sums[r * 4] = sums[r * 4] + x * b0;
          sums[r * 4 + 1] = sums[r * 4 + 1] + x * b1;
          sums[r * 4 + 2] = sums[r * 4 + 2] + x * b2;
          sums[r * 4 + 3] = sums[r * 4 + 3] + x * b3;
        }
      }
      context.localBarrier();
    }
    for (int r = 0; r < 4; r++) {
      int row = firstRow + tileRow + r;
      for (int c = 0; c < 4; c++) {
        int column = firstColumn + tileColumn + c;
        if (row < rows && column < columns) {
          int i = row * columns + column;
          float value = sums[r * 4 + c];
          if (beta == 1) {
            value += out.get(i);
          }
          out.set(i, value);
        }
      }
    }
  }
}
