// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/** The mean of losses over what they were taken of: texts, or the tokens of a language model. */
public final class MeanLoss {
  private double sum;
  private long count;

  /** No losses yet. */
  public MeanLoss() {}

  /**
   * Adds the mean loss of a batch.
   *
   * @param mean in nats
   * @param items how many it is the mean of
   */
  public void add(double mean, long items) {
    if (items < 0) {
      throw new IllegalArgumentException("a loss is the mean of at least 0 items, not " + items);
    }
    if (items > 0) {
      sum += mean * items;
      count += items;
    }
  }

  /** The mean, in nats; NaN of nothing. */
  public double loss() {
    return sum / count;
  }

  /** e to the mean loss: of how many tokens, all equally likely, the model chose as well. */
  public double perplexity() {
    return Math.exp(loss());
  }

  /** {@code loss} and {@code perplexity}. */
  public Map<String, Double> byName() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("loss", loss());
    values.put("perplexity", perplexity());
    return values;
  }
}
