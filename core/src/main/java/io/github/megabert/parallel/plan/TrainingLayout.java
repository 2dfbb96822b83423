// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.plan;

import io.github.megabert.parallel.ParallelPlan;

/**
 * How a step is divided among GPUs.
 *
 * @param plan T, P and D
 * @param microBatch sequences of a pass
 * @param globalBatch sequences of a step, a multiple of {@code D · microBatch}
 * @param sequenceParallel whether LayerNorm, dropout and residuals are divided by T as well
 * @param recompute whether layers are computed again for their gradients; attention's probabilities
 *     are never kept where they are not
 * @param distributedOptimizer whether the optimizer's state is cut over the copies
 * @param overlap whether gradients are summed while the backward pass goes on
 */
public record TrainingLayout(
    ParallelPlan plan,
    int microBatch,
    int globalBatch,
    boolean sequenceParallel,
    boolean recompute,
    boolean distributedOptimizer,
    boolean overlap) {
  /** Checks the batch. */
  public TrainingLayout {
    if (microBatch < 1 || globalBatch % ((long) microBatch * plan.data()) != 0 || globalBatch < 1) {
      throw new IllegalArgumentException(
          globalBatch
              + " sequences a step are no multiple of "
              + microBatch
              + " for each of "
              + plan.data()
              + " copies");
    }
  }

  /** M, passes of each copy in a step. */
  public int passes() {
    return (int) (globalBatch / ((long) microBatch * plan.data()));
  }
}
