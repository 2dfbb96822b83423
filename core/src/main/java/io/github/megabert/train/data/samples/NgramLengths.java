// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.random.NumpyRandomState;

/**
 * How many words are masked together: n with a probability proportional to 1/n, its reverse, or a
 * clipped geometric distribution. Sums round as NumPy's do.
 */
final class NgramLengths {
  private static final double GEOMETRIC = 0.2;

  private final int most;
  private final boolean geometric;
  private final double[] cumulated;

  NgramLengths(SampleOptions options) {
    most = options.maxNgram();
    geometric = options.geometric();
    cumulated = cumulated(most, options.longerNgrams());
  }

  /** The cumulated probabilities of 1 to {@code most}. */
  static double[] cumulated(int most, boolean longer) {
    double[] p = new double[most];
    for (int n = 1; n <= most; n++) {
      p[n - 1] = 1.0 / n;
    }
    divide(p, PairwiseSum.of(p));
    if (longer) {
      for (int i = 0; i < most / 2; i++) {
        double swapped = p[i];
        p[i] = p[most - 1 - i];
        p[most - 1 - i] = swapped;
      }
    }
    divide(p, PairwiseSum.of(p));
    for (int i = 1; i < most; i++) {
      p[i] += p[i - 1];
    }
    divide(p, p[most - 1]);
    return p;
  }

  private static void divide(double[] values, double by) {
    for (int i = 0; i < values.length; i++) {
      values[i] /= by;
    }
  }

  /** A number of words, at least 1. */
  int draw(NumpyRandomState random) {
    return geometric
        ? Math.clamp(random.geometric(GEOMETRIC), 1, most)
        : 1 + random.choice(cumulated);
  }
}
