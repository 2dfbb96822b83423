// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBert;
import io.github.megabert.train.Evaluator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** Measures how well a model does a task on examples that are held out. */
public interface TaskEvaluator extends Evaluator {
  /** Number of examples. */
  int size();

  /**
   * Measures, and looks at single examples.
   *
   * @param worst how many of the examples with the highest loss are told
   * @throws IOException if the examples cannot be read again
   */
  Evaluation evaluate(MegatronBert model, int worst) throws IOException;

  @Override
  default Map<String, Double> evaluate(MegatronBert model) {
    try {
      return evaluate(model, 0).metrics();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
