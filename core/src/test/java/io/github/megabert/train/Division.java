// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.parallel.ParallelPlan;

/** How two ranks divide the work of training. */
enum Division {
  SAMPLES(1, 1, 2),
  /** And the optimizer's state. */
  SAMPLES_AND_STATE(1, 1, 2),
  STAGES(1, 2, 1),
  LAYERS(2, 1, 1),
  /** And the tokens between the products. */
  LAYERS_AND_TOKENS(2, 1, 1);

  /** Tokens of a text: one length, or a device would compile its kernels for each. */
  static final int LENGTH = 9;

  private final int tensor;
  private final int pipeline;
  private final int data;

  Division(int tensor, int pipeline, int data) {
    this.tensor = tensor;
    this.pipeline = pipeline;
    this.data = data;
  }

  /** A run that is divided so. */
  ParallelRun run(String backend) {
    return new ParallelRun(new ParallelPlan(tensor, pipeline, data), backend)
        .withLength(LENGTH)
        .withSequenceParallel(this == LAYERS_AND_TOKENS)
        .with(DataParallelOptions.DEFAULT.withDistributedOptimizer(this == SAMPLES_AND_STATE));
  }
}
