// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.ArrayList;
import java.util.List;

/**
 * The order in which the ranks of a pipeline compute: one forward, one backward (Narayanan et al.
 * 2021, section 2.2).
 *
 * <p>A rank first computes forward passes until its successors have enough to do, then one backward
 * pass for each forward pass, and at last the backward passes that are left. So with one chunk it
 * keeps the activations of at most {@code ranks − rank} micro-batches, however many there are.
 *
 * <p>With several chunks the stages are interleaved: rank r has the stages {@code r, r + ranks, r +
 * 2 · ranks, …}. The pipeline fills and empties in a {@code chunks}-th of the time, for as many
 * times the messages; of at most {@code 2 · (ranks − 1 − rank) + (chunks − 1) · ranks + 1} passes,
 * each through a chunk, the activations are kept. Micro-batches go through the chunks in groups of
 * as many as there are ranks. Of a last group that has fewer, the order is that of a whole one
 * without what is missing, so any number of micro-batches will do.
 *
 * @param ranks of the pipeline
 * @param chunks stages a rank
 */
public record PipelineSchedule(int ranks, int chunks) {
  /** What is computed of a micro-batch in a stage. */
  public enum Direction {
    /** Its hidden states, or its loss. */
    FORWARD,
    /** Its gradients. */
    BACKWARD
  }

  /**
   * One pass of one micro-batch through one stage.
   *
   * @param microBatch from 0
   * @param chunk which of the rank's stages, from 0
   */
  public record Action(Direction direction, int microBatch, int chunk) {}

  /**
   * A schedule.
   *
   * @throws IllegalArgumentException if a number is below 1, or one rank has several chunks
   */
  public PipelineSchedule {
    if (ranks < 1 || chunks < 1) {
      throw new IllegalArgumentException(
          "a pipeline of " + ranks + " ranks with " + chunks + " stages each cannot be");
    }
    if (ranks == 1 && chunks > 1) {
      throw new IllegalArgumentException(
          "one rank cannot interleave " + chunks + " stages; a pipeline has at least 2 ranks");
    }
  }

  /**
   * All that a rank computes in a step, in order.
   *
   * @param microBatches of the step
   */
  public List<Action> of(int rank, int microBatches) {
    int total = chunks == 1 ? microBatches : Math.ceilDiv(microBatches, ranks) * ranks * chunks;
    int ahead = ranks - 1 - rank;
    int warmUp = Math.min(total, chunks == 1 ? ahead : 2 * ahead + (chunks - 1) * ranks);
    List<Action> actions = new ArrayList<>();
    for (int i = 0; i < total + warmUp; i++) {
      if (i < total) {
        add(actions, Direction.FORWARD, i, microBatches);
      }
      if (i >= warmUp) {
        add(actions, Direction.BACKWARD, i - warmUp, microBatches);
      }
    }
    return List.copyOf(actions);
  }

  /**
   * Adds the pass that is number {@code index} in its direction, if there is such a micro-batch.
   */
  private void add(List<Action> actions, Direction direction, int index, int microBatches) {
    int group = index / (ranks * chunks);
    int inGroup = index % (ranks * chunks);
    int chunk = inGroup / ranks;
    int microBatch = chunks == 1 ? index : group * ranks + inGroup % ranks;
    if (microBatch < microBatches) {
      int own = direction == Direction.FORWARD ? chunk : chunks - 1 - chunk;
      actions.add(new Action(direction, microBatch, chunks == 1 ? 0 : own));
    }
  }
}
