// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often each class was taken for each, for tasks whose classes exclude each other, and what
 * follows: accuracy, F1 and Matthews' correlation as {@code sklearn.metrics} defines them.
 */
public final class ConfusionMatrix {
  private final int classes;
  private final long[] counts;

  /** An empty matrix of {@code classes × classes}. */
  public ConfusionMatrix(int classes) {
    if (classes < 1 || classes > 1 << 15) {
      throw new IllegalArgumentException("a confusion matrix has 1 to 32768 classes: " + classes);
    }
    this.classes = classes;
    counts = new long[classes * classes];
  }

  /** Counts a prediction. */
  public void add(int label, int prediction) {
    counts[index(label, prediction)]++;
  }

  /** Number of classes. */
  public int classes() {
    return classes;
  }

  /** How often the class {@code label} was taken for the class {@code prediction}. */
  public long count(int label, int prediction) {
    return counts[index(label, prediction)];
  }

  private int index(int label, int prediction) {
    if (label < 0 || label >= classes || prediction < 0 || prediction >= classes) {
      throw new IllegalArgumentException(
          "classes count from 0 to " + (classes - 1) + ": " + label + ", " + prediction);
    }
    return label * classes + prediction;
  }

  /** Number of predictions. */
  public long total() {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    return total;
  }

  /** How well one class is found. */
  public ClassScore score(int label) {
    long predicted = 0;
    long support = 0;
    for (int other = 0; other < classes; other++) {
      predicted += count(other, label);
      support += count(label, other);
    }
    return new ClassScore(count(label, label), predicted, support);
  }

  /** The share of predictions that are right. */
  public double accuracy() {
    return ClassScore.share(right(), total());
  }

  private long right() {
    long right = 0;
    for (int label = 0; label < classes; label++) {
      right += count(label, label);
    }
    return right;
  }

  /** The mean F1 of the classes that were right or predicted at least once. */
  public double f1Macro() {
    double sum = 0;
    int seen = 0;
    for (int label = 0; label < classes; label++) {
      ClassScore score = score(label);
      if (score.predicted() + score.support() > 0) {
        sum += score.f1();
        seen++;
      }
    }
    return ClassScore.mean(sum, seen);
  }

  /** The mean F1 of the classes, each weighted by how often it was right. */
  public double f1Weighted() {
    double sum = 0;
    for (int label = 0; label < classes; label++) {
      ClassScore score = score(label);
      sum += score.f1() * score.support();
    }
    return ClassScore.mean(sum, total());
  }

  /**
   * Matthews' correlation, for more than two classes the R_K of J. Gorodkin, "Comparing two
   * K-category assignments by a K-category correlation coefficient", 2004; 0 where all predictions
   * or all labels are one class.
   */
  public double matthews() {
    double total = total();
    double products = 0;
    double predictedSquares = 0;
    double supportSquares = 0;
    for (int label = 0; label < classes; label++) {
      ClassScore score = score(label);
      products += (double) score.predicted() * score.support();
      predictedSquares += (double) score.predicted() * score.predicted();
      supportSquares += (double) score.support() * score.support();
    }
    double variances = (total * total - predictedSquares) * (total * total - supportSquares);
    return variances == 0 ? 0 : (right() * total - products) / Math.sqrt(variances);
  }

  /** {@code accuracy}, {@code f1_macro}, {@code f1_weighted} and {@code matthews}. */
  public Map<String, Double> byName() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("accuracy", accuracy());
    values.put("f1_macro", f1Macro());
    values.put("f1_weighted", f1Weighted());
    values.put("matthews", matthews());
    return values;
  }
}
