// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How well each of several labels, which may apply together, is found; the figures are those of
 * {@code sklearn.metrics} for label indicators.
 */
public final class MultiLabelCounts {
  private final long[] truePositives;
  private final long[] predicted;
  private final long[] support;
  private long total;
  private long right;

  /** Counts for so many labels, at least one. */
  public MultiLabelCounts(int labels) {
    if (labels < 1) {
      throw new IllegalArgumentException("at least 1 label is needed, not " + labels);
    }
    truePositives = new long[labels];
    predicted = new long[labels];
    support = new long[labels];
  }

  /**
   * Counts an example.
   *
   * @param labels whether each label applies
   * @param predictions whether each was said to
   */
  public void add(boolean[] labels, boolean[] predictions) {
    if (labels.length != support.length || predictions.length != support.length) {
      throw new IllegalArgumentException(
          "labels: "
              + labels.length
              + ", predictions: "
              + predictions.length
              + ", needed of each: "
              + support.length);
    }
    for (int i = 0; i < labels.length; i++) {
      truePositives[i] += labels[i] && predictions[i] ? 1 : 0;
      predicted[i] += predictions[i] ? 1 : 0;
      support[i] += labels[i] ? 1 : 0;
    }
    total++;
    right += Arrays.equals(labels, predictions) ? 1 : 0;
  }

  /** How well one label is found. */
  public ClassScore score(int label) {
    return new ClassScore(truePositives[label], predicted[label], support[label]);
  }

  /** The share of examples all of whose labels are right. */
  public double accuracy() {
    return ClassScore.share(right, total);
  }

  /** The mean F1 of all labels. */
  public double f1Macro() {
    double sum = 0;
    for (int label = 0; label < support.length; label++) {
      sum += score(label).f1();
    }
    return sum / support.length;
  }

  /** The mean F1 of the labels, each weighted by how often it applied. */
  public double f1Weighted() {
    double sum = 0;
    long weights = 0;
    for (int label = 0; label < support.length; label++) {
      sum += score(label).f1() * support[label];
      weights += support[label];
    }
    return ClassScore.mean(sum, weights);
  }

  /** {@code accuracy}, {@code f1_macro} and {@code f1_weighted}. */
  public Map<String, Double> byName() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("accuracy", accuracy());
    values.put("f1_macro", f1Macro());
    values.put("f1_weighted", f1Weighted());
    return values;
  }
}
