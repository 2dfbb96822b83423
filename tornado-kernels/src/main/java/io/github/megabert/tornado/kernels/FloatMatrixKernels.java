// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The matrix product. {@code HalfMatrixKernels}, over binary16, is derived from this file at build
 * time.
 */
public final class FloatMatrixKernels {
  /** Rows and columns of the tile of a work group. */
  public static final int TILE = 64;

  /** Threads of a work group; each keeps a 4×4 tile in registers. */
  public static final int THREADS = 256;

  private static final int DEPTH = 16;

  /** One more than the tile, so that the threads that store a column hit different banks. */
  private static final int STRIDE = TILE + 1;

  private FloatMatrixKernels() {}

  /**
   * {@code out = activation(x·Wᵀ + bias) + residual}, with {@code x [rows, inputs]}, {@code W
   * [outputs, inputs]}; the work group {@code (i, j)} computes the tile of columns {@code 64i …}
   * and rows {@code 64j …}.
   *
   * @param hasResidual 0 where {@code residual} is to be left alone
   */
  static void product(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      FloatArray bias,
      FloatArray residual,
      FloatArray out,
      int rows,
      int outputs,
      int inputs,
      int activation,
      int hasResidual) {
    int thread = context.localIdx;
    int firstColumn = context.groupIdx * TILE;
    int firstRow = context.groupIdy * TILE;
    int tileColumn = (thread % 16) * 4;
    int tileRow = (thread / 16) * 4;
    float[] xTile = context.allocateFloatLocalArray(DEPTH * STRIDE);
    float[] weightTile = context.allocateFloatLocalArray(DEPTH * STRIDE);
    float[] sums = new float[16];
    for (int i = 0; i < 16; i++) {
      sums[i] = 0f;
    }
    for (int depth = 0; depth < inputs; depth += DEPTH) {
      for (int i = thread; i < TILE * DEPTH; i += THREADS) {
        int line = i / DEPTH;
        int k = i % DEPTH;
        float left = 0f;
        float right = 0f;
        if (depth + k < inputs) {
          if (firstRow + line < rows) {
            left = x.get((firstRow + line) * inputs + depth + k);
          }
          if (firstColumn + line < outputs) {
            right = weight.get((firstColumn + line) * inputs + depth + k);
          }
        }
        xTile[k * STRIDE + line] = left;
        weightTile[k * STRIDE + line] = right;
      }
      context.localBarrier();
      for (int k = 0; k < DEPTH; k++) {
        int left = k * STRIDE + tileRow;
        int right = k * STRIDE + tileColumn;
        float b0 = weightTile[right];
        float b1 = weightTile[right + 1];
        float b2 = weightTile[right + 2];
        float b3 = weightTile[right + 3];
        for (int r = 0; r < 4; r++) {
          float a = xTile[left + r];
          sums[r * 4] = sums[r * 4] + a * b0;
          sums[r * 4 + 1] = sums[r * 4 + 1] + a * b1;
          sums[r * 4 + 2] = sums[r * 4 + 2] + a * b2;
          sums[r * 4 + 3] = sums[r * 4 + 3] + a * b3;
        }
      }
      context.localBarrier();
    }
    for (int r = 0; r < 4; r++) {
      int row = firstRow + tileRow + r;
      for (int c = 0; c < 4; c++) {
        int column = firstColumn + tileColumn + c;
        if (row < rows && column < outputs) {
          int i = row * outputs + column;
          float value = DeviceMath.activate(activation, sums[r * 4 + c] + bias.get(column));
          if (hasResidual != 0) {
            value += residual.get(i);
          }
          out.set(i, value);
        }
      }
    }
  }
}
