// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.PipelineSchedule;
import io.github.megabert.parameters.ParameterSpec.Place;
import org.jspecify.annotations.Nullable;

/**
 * A rank's part of a model under pipeline parallelism (Narayanan et al. 2021, section 2.2): one or
 * several stages. A stage is some layers that follow each other; the first has the embeddings as
 * well, and the last what stands behind the layers. Stage s is on rank {@code s mod ranks}.
 *
 * @param group the ranks that have the stages; null where one has all of them
 * @param chunks stages a rank
 * @param layers of the model
 */
record PipelineRank(@Nullable Communicator group, int chunks, int layers) {
  /**
   * The part that options say.
   *
   * @throws IllegalArgumentException if the layers cannot be divided so
   */
  static PipelineRank of(LoadOptions options, MegatronBertConfig config) {
    Communicator group = options.pipelineParallel();
    PipelineRank rank =
        new PipelineRank(
            group == null || group.size() == 1 ? null : group,
            options.stagesPerRank(),
            config.numHiddenLayers());
    rank.requireDivides();
    return rank;
  }

  private void requireDivides() {
    PipelineSchedule schedule = schedule();
    if (group != null && stages() > layers) {
      throw new IllegalArgumentException(
          "the model's "
              + layers
              + " layers cannot be divided into "
              + stages()
              + " stages ("
              + schedule.ranks()
              + " pipeline-parallel ranks with "
              + chunks
              + " each); choose at most as many stages as layers");
    }
  }

  /** The order in which the ranks compute. */
  PipelineSchedule schedule() {
    return new PipelineSchedule(size(), chunks);
  }

  /** Whether the model is divided into stages. */
  boolean isDivided() {
    return group != null;
  }

  /** Number of ranks. */
  int size() {
    return group == null ? 1 : group.size();
  }

  /** This rank's number. */
  int rank() {
    return group == null ? 0 : group.rank();
  }

  /** Number of stages. */
  int stages() {
    return size() * chunks;
  }

  /** The last stage, which computes logits and losses. */
  int lastStage() {
    return stages() - 1;
  }

  /** The stage of one of this rank's chunks. */
  int stage(int chunk) {
    return chunk * size() + rank();
  }

  /** The stage that has a layer; stages differ by one layer at most, the first ones have more. */
  int stageOfLayer(int layer) {
    Partition parts = Partition.even(layers, stages());
    int stage = 0;
    while (layer >= parts.start(stage) + parts.count(stage)) {
      stage++;
    }
    return stage;
  }

  /** The stage of a place in the model. */
  int stage(Place place) {
    return switch (place) {
      case Place.Embeddings() -> 0;
      case Place.Layer(int index) -> stageOfLayer(index);
      case Place.Head() -> lastStage();
    };
  }

  /** The rank that has a stage. */
  int rankOf(int stage) {
    return stage % size();
  }

  /** Whether this rank has a stage. */
  boolean has(int stage) {
    return rankOf(stage) == rank();
  }

  /** Whether this rank has what stands at a place. */
  boolean has(Place place) {
    return has(stage(place));
  }

  /** The tag of hidden states on their way into a stage. */
  static int tagOfHiddenStates(int stage) {
    return 2 * stage;
  }

  /** The tag of their gradients on the way back. */
  static int tagOfGradients(int stage) {
    return 2 * stage + 1;
  }
}
