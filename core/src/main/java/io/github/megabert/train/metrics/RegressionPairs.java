// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Right and predicted numbers, and how they agree: mean squared error, Pearson's correlation, and
 * Spearman's, which is Pearson's of the ranks, those of equal numbers being their mean.
 */
public final class RegressionPairs {
  private double[] labels = new double[16];
  private double[] predictions = new double[16];
  private int count;

  /** No pairs yet. */
  public RegressionPairs() {}

  /** Adds a pair. */
  public void add(double label, double prediction) {
    if (count == labels.length) {
      labels = Arrays.copyOf(labels, 2 * count);
      predictions = Arrays.copyOf(predictions, 2 * count);
    }
    labels[count] = label;
    predictions[count++] = prediction;
  }

  /** The mean of the squared differences. */
  public double meanSquaredError() {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double difference = predictions[i] - labels[i];
      sum += difference * difference;
    }
    return ClassScore.mean(sum, count);
  }

  /** Pearson's correlation; NaN if all labels or all predictions are one number. */
  public double pearson() {
    return correlation(Arrays.copyOf(labels, count), Arrays.copyOf(predictions, count));
  }

  /** Spearman's correlation; NaN if all labels or all predictions are one number. */
  public double spearman() {
    return correlation(ranks(labels, count), ranks(predictions, count));
  }

  private static double correlation(double[] x, double[] y) {
    double meanX = Arrays.stream(x).average().orElse(0);
    double meanY = Arrays.stream(y).average().orElse(0);
    double products = 0;
    double squaresX = 0;
    double squaresY = 0;
    for (int i = 0; i < x.length; i++) {
      products += (x[i] - meanX) * (y[i] - meanY);
      squaresX += (x[i] - meanX) * (x[i] - meanX);
      squaresY += (y[i] - meanY) * (y[i] - meanY);
    }
    // The roots apart: the product of the squares may be beyond what a double holds.
    double correlation = products / Math.sqrt(squaresX) / Math.sqrt(squaresY);
    return Double.isNaN(correlation) ? correlation : Math.clamp(correlation, -1, 1);
  }

  /** Ranks from 1; equal numbers share the mean of the ranks that they take together. */
  private static double[] ranks(double[] values, int count) {
    int[] order =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .mapToInt(i -> i)
            .toArray();
    double[] ranks = new double[count];
    for (int first = 0; first < count; ) {
      int end = first + 1;
      while (end < count && values[order[end]] == values[order[first]]) {
        end++;
      }
      for (int i = first; i < end; i++) {
        ranks[order[i]] = (first + 1 + end) / 2.0;
      }
      first = end;
    }
    return ranks;
  }

  /** {@code mse}, {@code pearson} and {@code spearman}. */
  public Map<String, Double> byName() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("mse", meanSquaredError());
    values.put("pearson", pearson());
    values.put("spearman", spearman());
    return values;
  }
}
