// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

/** {@code numpy.sum} of doubles, to the last bit: pairwise, so that errors stay small. */
final class PairwiseSum {
  /** Fewer numbers are summed one after the other. */
  private static final int LANES = 8;

  /** More numbers are summed in halves. */
  private static final int BLOCK = 128;

  private PairwiseSum() {}

  static double of(double[] values) {
    return sum(values, 0, values.length);
  }

  private static double sum(double[] values, int from, int count) {
    if (count < LANES) {
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += values[from + i];
      }
      return sum;
    }
    if (count > BLOCK) {
      int half = count / 2 / LANES * LANES;
      return sum(values, from, half) + sum(values, from + half, count - half);
    }
    double[] lanes = new double[LANES];
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        lanes[lane] += values[from + i + lane];
      }
    }
    double sum =
        ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
            + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < count; i++) {
      sum += values[from + i];
    }
    return sum;
  }
}
