// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * What this rank has of a model that ranks share, a part of every layer of some stages, and how
 * they put whole parameters together. Ranks that share a model call each method with a tensor, a
 * number or a computation together and in the same order.
 */
public final class RankShare {
  private final TensorRank tensor;
  private final PipelineRank pipeline;

  /** The first and the last rank of a pipeline, which share tied embeddings; null without one. */
  private final @Nullable Communicator ends;

  /** All ranks of a pipeline call it together. */
  RankShare(TensorRank tensor, PipelineRank pipeline) {
    this.tensor = tensor;
    this.pipeline = pipeline;
    Communicator group = pipeline.group();
    if (group == null) {
      ends = null;
    } else {
      boolean isEnd = group.rank() == 0 || group.rank() == group.size() - 1;
      ends = group.split(isEnd ? 0 : 1, group.rank());
    }
  }

  /** Which part of every layer is here. */
  TensorRank tensor() {
    return tensor;
  }

  /** Which stages are here. */
  PipelineRank pipeline() {
    return pipeline;
  }

  /** Whether this rank has all of the model. */
  public boolean isWhole() {
    return tensor.group() == null && !pipeline.isDivided();
  }

  /** Whether ranks of a pipeline have some layers each. */
  public boolean isPipeline() {
    return pipeline.isDivided();
  }

  /**
   * Checks that the model was loaded for so many pipeline-parallel ranks.
   *
   * @throws IllegalArgumentException if not
   */
  public void requirePipelineOf(int ranks) {
    if (pipeline.size() != ranks) {
      throw new IllegalArgumentException(
          "the model was loaded for "
              + pipeline.size()
              + " pipeline-parallel ranks, the plan has "
              + ranks
              + "; load it with the plan's pipeline group");
    }
  }

  /** Whether another rank holds the same numbers and counts them. */
  public boolean isCopy(ParameterSpec spec) {
    return tensor.isCopy(spec) || !pipeline.has(spec.place());
  }

  /**
   * The sum of a number over the ranks, the same on each.
   *
   * @param value what this rank adds
   */
  public double sum(double value) {
    return Ranks.sum(pipeline.group(), Ranks.sum(tensor.group(), value));
  }

  /**
   * A whole parameter's numbers from what each tensor-parallel rank has; the first gets the whole.
   *
   * @param spec of the whole parameter
   * @param part float32, of the shape that the parameter has here
   */
  public Tensor whole(ParameterSpec spec, Tensor part, Arena arena) {
    return tensor.whole(spec, part, arena);
  }

  /**
   * As {@link #whole}, on all of them. All give what they have, but of what the first trains alone
   * they may give anything.
   */
  public Tensor wholeOnAll(ParameterSpec spec, Tensor part, Arena arena) {
    Tensor whole = tensor.whole(spec, part, arena);
    Communicator group = tensor.group();
    if (group != null && spec.split() == ParameterSpec.Split.FIRST) {
      group.broadcast(whole.segment(), 0);
    }
    return whole;
  }

  /**
   * Brings a whole parameter's numbers to the first stage, from the stage that has it.
   *
   * @param whole float32, of the parameter's shape; null in stages that have not got it
   * @return the same on the first rank, and null or what was given on others
   */
  public @Nullable Tensor toFirstStage(ParameterSpec spec, @Nullable Tensor whole, Arena arena) {
    Communicator group = pipeline.group();
    int stage = pipeline.stage(spec.place());
    int owner = pipeline.rankOf(stage);
    if (group == null || owner == 0 || tensor.rank() > 0) {
      return whole;
    }
    if (group.rank() == owner) {
      group.send(requireNonNull(whole).segment(), 0, PipelineRank.tagOfHiddenStates(stage));
    } else if (group.rank() == 0) {
      Tensor received = Tensor.allocate(arena, DType.F32, spec.shape());
      group.receive(received.segment(), owner, PipelineRank.tagOfHiddenStates(stage));
      return received;
    }
    return whole;
  }

  /** Sums a gradient of which each rank has its own tokens' under sequence parallelism. */
  void sumTokenShares(Computation computation, ParameterSpec spec, Matrix gradient) {
    if (tensor.isOfTokens(spec)) {
      computation.allReduce(requireNonNull(tensor.group()), gradient, null, gradient);
    }
  }

  /** Sums a gradient that the first and the last stage have of their own use of a parameter. */
  void sumOverEnds(Computation computation, Matrix gradient) {
    if (ends != null) {
      computation.allReduce(ends, gradient, null, gradient);
    }
  }
}
