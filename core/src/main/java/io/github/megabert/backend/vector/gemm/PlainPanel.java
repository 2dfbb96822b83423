// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.PANEL;

/**
 * {@code sums[r, n] = Σ x[r, k] · panel[k, n]} on arrays, four rows by four columns at a time:
 * sixteen local variables, which even the first compiler keeps in registers. An array of sums
 * instead costs a load and a store a product and is five times slower.
 */
final class PlainPanel {
  private PlainPanel() {}

  /**
   * Multiplies rows by a panel.
   *
   * @param x {@code [rows, depth]}
   * @param panel {@code [depth, PANEL]}
   * @return {@code [rows, PANEL]}
   */
  static float[] multiply(int rows, int depth, float[] x, float[] panel) {
    float[] sums = new float[rows * PANEL];
    int r = 0;
    for (; r <= rows - 4; r += 4) {
      for (int n = 0; n < PANEL; n += 4) {
        fourRows(depth, x, r * depth, panel, n, sums, r * PANEL + n);
      }
    }
    for (; r < rows; r++) {
      for (int n = 0; n < PANEL; n += 4) {
        oneRow(depth, x, r * depth, panel, n, sums, r * PANEL + n);
      }
    }
    return sums;
  }

  private static void oneRow(
      int depth, float[] x, int from, float[] panel, int column, float[] sums, int to) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int at = column;
    for (int k = 0; k < depth; k++) {
      float e = x[from + k];
      s0 = Math.fma(e, panel[at], s0);
      s1 = Math.fma(e, panel[at + 1], s1);
      s2 = Math.fma(e, panel[at + 2], s2);
      s3 = Math.fma(e, panel[at + 3], s3);
      at += PANEL;
    }
    sums[to] = s0;
    sums[to + 1] = s1;
    sums[to + 2] = s2;
    sums[to + 3] = s3;
  }

  private static void fourRows(
      int depth, float[] x, int from, float[] panel, int column, float[] sums, int to) {
    float s00 = 0;
    float s01 = 0;
    float s02 = 0;
    float s03 = 0;
    float s10 = 0;
    float s11 = 0;
    float s12 = 0;
    float s13 = 0;
    float s20 = 0;
    float s21 = 0;
    float s22 = 0;
    float s23 = 0;
    float s30 = 0;
    float s31 = 0;
    float s32 = 0;
    float s33 = 0;
    int at = column;
    for (int k = from; k < from + depth; k++) {
      float w0 = panel[at];
      float w1 = panel[at + 1];
      float w2 = panel[at + 2];
      float w3 = panel[at + 3];
      float e = x[k];
      s00 = Math.fma(e, w0, s00);
      s01 = Math.fma(e, w1, s01);
      s02 = Math.fma(e, w2, s02);
      s03 = Math.fma(e, w3, s03);
      e = x[k + depth];
      s10 = Math.fma(e, w0, s10);
      s11 = Math.fma(e, w1, s11);
      s12 = Math.fma(e, w2, s12);
      s13 = Math.fma(e, w3, s13);
      e = x[k + 2 * depth];
      s20 = Math.fma(e, w0, s20);
      s21 = Math.fma(e, w1, s21);
      s22 = Math.fma(e, w2, s22);
      s23 = Math.fma(e, w3, s23);
      e = x[k + 3 * depth];
      s30 = Math.fma(e, w0, s30);
      s31 = Math.fma(e, w1, s31);
      s32 = Math.fma(e, w2, s32);
      s33 = Math.fma(e, w3, s33);
      at += PANEL;
    }
    sums[to] = s00;
    sums[to + 1] = s01;
    sums[to + 2] = s02;
    sums[to + 3] = s03;
    sums[to + PANEL] = s10;
    sums[to + PANEL + 1] = s11;
    sums[to + PANEL + 2] = s12;
    sums[to + PANEL + 3] = s13;
    sums[to + 2 * PANEL] = s20;
    sums[to + 2 * PANEL + 1] = s21;
    sums[to + 2 * PANEL + 2] = s22;
    sums[to + 2 * PANEL + 3] = s23;
    sums[to + 3 * PANEL] = s30;
    sums[to + 3 * PANEL + 1] = s31;
    sums[to + 3 * PANEL + 2] = s32;
    sums[to + 3 * PANEL + 3] = s33;
  }
}
