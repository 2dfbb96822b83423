// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a model is evaluated during a run, and which evaluation is the best.
 *
 * @param metric one that the evaluator gives
 * @param isHigherBetter whether more of it is better
 */
record Validation(Evaluator evaluator, String metric, boolean isHigherBetter) {
  /**
   * Whether an evaluation is better than the best one so far.
   *
   * @param best empty before the first evaluation
   * @throws IllegalArgumentException if the evaluator does not give the metric
   */
  boolean isBetter(Map<String, Double> metrics, Map<String, Double> best) {
    Double value = metrics.get(metric);
    if (value == null) {
      throw new IllegalArgumentException(
          "there is no metric \"" + metric + "\"; there are " + metrics.keySet());
    }
    @Nullable Double before = best.get(metric);
    return before == null || (isHigherBetter ? value > before : value < before);
  }
}
