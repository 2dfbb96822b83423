// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;

/** Examples of a task, ready for a model. */
public interface Dataset {
  /** Number of examples. */
  int size();

  /**
   * Some examples as one batch. The same arguments give the same batch, so that a run can be
   * resumed. A trainer asks from one thread of its own, for the batches of the next step while a
   * step computes.
   *
   * @param epoch which pass over the data it is for, from 0: masks of a language model differ from
   *     one to the next
   * @param examples indices, 0 to {@code size() - 1}
   */
  Part batch(int epoch, int[] examples);

  /** Passes over the training data that all examples together are. */
  default double passes() {
    return 1;
  }

  /** What tells the examples from others: a run that goes on must have the same. */
  default String description() {
    return size() + " examples";
  }

  /**
   * A batch and what is learnt from it.
   *
   * @param batch ragged, without padding
   * @param labels of the kind that the model's class takes
   */
  record Part(Batch batch, Labels labels) {}
}
