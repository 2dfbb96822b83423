// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

/**
 * How well one class (a label, a type of entity) is found.
 *
 * @param truePositives how often it was predicted rightly
 * @param predicted how often it was predicted
 * @param support how often it was right
 */
public record ClassScore(long truePositives, long predicted, long support) {
  /** The share of predictions that are right; 0 without predictions. */
  public double precision() {
    return share(truePositives, predicted);
  }

  /** The share of what was to be found that was; 0 where there was nothing. */
  public double recall() {
    return share(truePositives, support);
  }

  /** The harmonic mean of precision and recall; 0 if both are. */
  public double f1() {
    return share(2 * truePositives, predicted + support);
  }

  /** The quotient; 0 of nothing. */
  static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /** The mean of so many; 0 of nothing. */
  static double mean(double sum, long count) {
    return count == 0 ? 0 : sum / count;
  }
}
