// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import java.util.Arrays;
import java.util.Optional;

/**
 * How the vectors of a text's tokens become one ({@code
 * sentence_transformers.sentence_transformer.modules.Pooling}). {@code [CLS]} and {@code [SEP]} are
 * tokens as any others.
 */
public enum Pooling {
  /** The vector of {@code [CLS]}; over several windows their mean. */
  CLS("cls"),
  /** The largest number of each column. */
  MAX("max"),
  /** The mean. */
  MEAN("mean"),
  /** The sum divided by the square root of the number of tokens. */
  MEAN_SQRT_LEN("mean_sqrt_len_tokens"),
  /** The mean with the weights 1, 2, 3, … in the order of the tokens of a window. */
  WEIGHTED_MEAN("weightedmean"),
  /** The vector of the last token; of several windows that of the last. */
  LAST_TOKEN("lasttoken");

  private final String fileName;

  Pooling(String fileName) {
    this.fileName = fileName;
  }

  /** The name in the files of sentence-transformers. */
  public String fileName() {
    return fileName;
  }

  /** The pooling of that name in the files of sentence-transformers, if there is one. */
  public static Optional<Pooling> ofFileName(String name) {
    return Arrays.stream(values()).filter(pooling -> pooling.fileName.equals(name)).findFirst();
  }

  /**
   * What a window's tokens give, before the division.
   *
   * @param values {@code [rows, columns]} of several windows
   * @param start the window's first row
   * @param tokens its rows
   * @param from the first of them that counts
   * @return {@code columns} numbers
   */
  double[] ofWindow(float[] values, int columns, int start, int tokens, int from) {
    double[] sums = new double[columns];
    if (this == MAX) {
      Arrays.fill(sums, Double.NEGATIVE_INFINITY);
    }
    int first = this == LAST_TOKEN ? Math.max(from, tokens - 1) : from;
    int end = this == CLS ? Math.min(from + 1, tokens) : tokens;
    for (int t = first; t < end; t++) {
      double weight = this == WEIGHTED_MEAN ? t + 1 : 1;
      for (int c = 0; c < columns; c++) {
        float value = values[(start + t) * columns + c];
        sums[c] = this == MAX ? Math.max(sums[c], value) : sums[c] + weight * value;
      }
    }
    return sums;
  }

  /** Adds what a window gives to what those before it gave. */
  void add(double[] sums, double[] window) {
    for (int c = 0; c < sums.length; c++) {
      sums[c] =
          switch (this) {
            case MAX -> Math.max(sums[c], window[c]);
            case LAST_TOKEN -> window[c];
            case CLS, MEAN, MEAN_SQRT_LEN, WEIGHTED_MEAN -> sums[c] + window[c];
          };
    }
  }

  /** The weight of a window of so many tokens, of which those from {@code from} on count. */
  double weight(int tokens, int from) {
    if (from >= tokens) {
      return 0;
    }
    return switch (this) {
      case CLS -> 1;
      case MAX, LAST_TOKEN -> 0;
      case MEAN, MEAN_SQRT_LEN -> tokens - from;
      case WEIGHTED_MEAN -> 0.5 * tokens * (tokens + 1.0) - 0.5 * from * (from + 1.0);
    };
  }

  /** What the sums are divided by, for the weights of all windows. */
  double divisor(double weights) {
    return switch (this) {
      case MAX, LAST_TOKEN -> 1;
      case CLS, MEAN, WEIGHTED_MEAN -> Math.max(weights, 1);
      case MEAN_SQRT_LEN -> Math.sqrt(Math.max(weights, 1));
    };
  }
}
