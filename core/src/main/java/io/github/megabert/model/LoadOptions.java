// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.ModelClass;
import org.jspecify.annotations.Nullable;

/**
 * How a model is loaded from a checkpoint.
 *
 * @param modelClass the transformers class; null takes the one that the configuration's {@code
 *     architectures} names
 * @param missingHeadSeed where the checkpoint lacks the head of that class: the seed of random
 *     weights for it, which must then be trained; null refuses the checkpoint
 * @param tensorParallel ranks among which every layer is divided, this one among them; each loads
 *     its part of the checkpoint, and all compute together. Null: the whole model is here
 * @param sequenceParallel whether those ranks divide the tokens as well, for LayerNorm, dropout and
 *     residuals, which saves their activations; nothing where the whole model is here
 * @param pipelineParallel ranks among which the layers are divided as stages, this one among them,
 *     in the order of the stages; each loads its own alone. Null: all layers are here
 * @param stagesPerRank more than 1 interleaves stages, so that the pipeline is idle for less
 */
public record LoadOptions(
    @Nullable ModelClass modelClass,
    @Nullable Long missingHeadSeed,
    @Nullable Communicator tensorParallel,
    boolean sequenceParallel,
    @Nullable Communicator pipelineParallel,
    int stagesPerRank) {
  /** A whole model. */
  public LoadOptions(@Nullable ModelClass modelClass, @Nullable Long missingHeadSeed) {
    this(modelClass, missingHeadSeed, null, false, null, 1);
  }

  /** The class that the configuration names; nothing may be missing. */
  public static final LoadOptions DEFAULT = new LoadOptions(null, null);

  /** A given class; nothing may be missing. */
  public static LoadOptions ofClass(ModelClass modelClass) {
    return new LoadOptions(modelClass, null);
  }

  /** These options with another class. */
  public LoadOptions withClass(ModelClass value) {
    return new LoadOptions(
        value, missingHeadSeed, tensorParallel, sequenceParallel, pipelineParallel, stagesPerRank);
  }

  /** These options with random weights for a missing head. */
  public LoadOptions withMissingHead(long seed) {
    return new LoadOptions(
        modelClass, seed, tensorParallel, sequenceParallel, pipelineParallel, stagesPerRank);
  }

  /** These options for one of several ranks that share the model. */
  public LoadOptions withTensorParallel(@Nullable Communicator group) {
    return new LoadOptions(
        modelClass, missingHeadSeed, group, sequenceParallel, pipelineParallel, stagesPerRank);
  }

  /** These options with tokens divided, or not, among the ranks that share the model. */
  public LoadOptions withSequenceParallel(boolean value) {
    return new LoadOptions(
        modelClass, missingHeadSeed, tensorParallel, value, pipelineParallel, stagesPerRank);
  }

  /**
   * These options for one of several ranks that divide the layers.
   *
   * @param perRank stages a rank
   */
  public LoadOptions withPipelineParallel(@Nullable Communicator group, int perRank) {
    return new LoadOptions(
        modelClass, missingHeadSeed, tensorParallel, sequenceParallel, group, perRank);
  }
}
