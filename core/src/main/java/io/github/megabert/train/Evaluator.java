// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.model.MegatronBert;
import java.util.Map;

/** Measures how well a model does a task on examples that it was not trained on. */
@FunctionalInterface
public interface Evaluator {
  /** Values by the names of the metrics, in the order in which they are shown. */
  Map<String, Double> evaluate(MegatronBert model);
}
