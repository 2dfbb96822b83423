// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import java.util.ArrayList;
import java.util.List;

/**
 * What the tokens of one window of a text give, pooled in one or several ways.
 *
 * @param sums {@code columns} numbers a pooling
 * @param weights what the window counts, a pooling
 */
record PooledWindow(List<double[]> sums, double[] weights) {
  /**
   * Pools a window.
   *
   * @param values {@code [rows, columns]} of several windows
   * @param start the window's first row
   * @param tokens its rows
   * @param from the first of them that counts
   */
  static PooledWindow of(
      float[] values, int columns, int start, int tokens, int from, List<Pooling> poolings) {
    List<double[]> sums = new ArrayList<>(poolings.size());
    double[] weights = new double[poolings.size()];
    for (int p = 0; p < weights.length; p++) {
      sums.add(poolings.get(p).ofWindow(values, columns, start, tokens, from));
      weights[p] = poolings.get(p).weight(tokens, from);
    }
    return new PooledWindow(sums, weights);
  }

  /** The vectors of a text of so many windows, one a pooling, joined. */
  static float[] join(List<PooledWindow> windows, List<Pooling> poolings) {
    int columns = windows.getFirst().sums.getFirst().length;
    float[] joined = new float[columns * poolings.size()];
    for (int p = 0; p < poolings.size(); p++) {
      Pooling pooling = poolings.get(p);
      double[] sum = windows.getFirst().sums.get(p);
      double weight = windows.getFirst().weights[p];
      for (PooledWindow window : windows.subList(1, windows.size())) {
        pooling.add(sum, window.sums.get(p));
        weight += window.weights[p];
      }
      double divisor = pooling.divisor(weight);
      for (int c = 0; c < columns; c++) {
        joined[p * columns + c] = (float) (sum[c] / divisor);
      }
    }
    return joined;
  }
}
