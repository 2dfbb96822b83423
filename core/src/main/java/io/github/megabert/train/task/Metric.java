// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

/**
 * A measure of how well a model does a task.
 *
 * @param name as {@code metrics.jsonl} has it
 * @param isHigherBetter whether more of it is better
 */
public record Metric(String name, boolean isHigherBetter) {
  static final Metric LOSS = new Metric("loss", false);
  static final Metric ACCURACY = new Metric("accuracy", true);
  static final Metric PERPLEXITY = new Metric("perplexity", false);
  static final Metric F1 = new Metric("f1", true);
}
