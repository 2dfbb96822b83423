// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.Locale;

/**
 * How many ranks share a layer, how many share the layers, and how many copies of the model there
 * are. Ranks are numbered as Megatron-LM does ({@code parallel_state.py}): those of a tensor group
 * are neighbours, then come the copies, then the stages.
 *
 * @param tensor T, ranks that share each layer
 * @param pipeline P, stages that the layers are divided into
 * @param data D, copies of the model, each with samples of its own
 */
public record ParallelPlan(int tensor, int pipeline, int data) {
  /**
   * A plan.
   *
   * @throws IllegalArgumentException if a number is below 1
   */
  public ParallelPlan {
    checkPositive("tensor-parallel", tensor);
    checkPositive("pipeline-parallel", pipeline);
    checkPositive("data-parallel", data);
    Math.multiplyExact(Math.multiplyExact(tensor, pipeline), data);
  }

  /**
   * The plan for so many ranks: as many copies of the model as there are ranks for.
   *
   * @throws IllegalArgumentException if {@code tensor × pipeline} does not divide {@code ranks}
   */
  public static ParallelPlan of(int ranks, int tensor, int pipeline) {
    checkPositive("tensor-parallel", tensor);
    checkPositive("pipeline-parallel", pipeline);
    long model = (long) tensor * pipeline;
    if (ranks < 1 || ranks % model != 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a model takes %d × %d = %d ranks (tensor-parallel × pipeline-parallel), but there"
                  + " %s %d; start a multiple of %d",
              tensor,
              pipeline,
              model,
              ranks == 1 ? "is" : "are",
              ranks,
              model));
    }
    return new ParallelPlan(tensor, pipeline, (int) (ranks / model));
  }

  /** All ranks, {@code T × P × D}. */
  public int ranks() {
    return tensor * pipeline * data;
  }

  /** The number of a rank in its tensor group, 0 to T − 1. */
  public int tensorRank(int rank) {
    return rank % tensor;
  }

  /** The copy of the model that a rank holds a part of, 0 to D − 1. */
  public int dataRank(int rank) {
    return rank / tensor % data;
  }

  /** The stage of a rank, 0 to P − 1. */
  public int stage(int rank) {
    return rank / (tensor * data);
  }

  /** The rank at a place: {@code t + T · (d + D · p)}. */
  public int rank(int tensorRank, int stage, int dataRank) {
    return tensorRank + tensor * (dataRank + data * stage);
  }

  /**
   * The groups of a rank; every rank of {@code world} calls this.
   *
   * @throws IllegalArgumentException if the world has not {@link #ranks} ranks
   */
  public ParallelGroups groups(Communicator world) {
    if (world.size() != ranks()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%s takes %d ranks, the run has %d", this, ranks(), world.size()));
    }
    int rank = world.rank();
    int t = tensorRank(rank);
    int d = dataRank(rank);
    int stage = stage(rank);
    Communicator tensorGroup = world.split(d + data * stage, t, "tensor-parallel");
    Communicator pipelineGroup = world.split(t + tensor * d, stage, "pipeline-parallel");
    Communicator dataGroup = world.split(t + tensor * stage, d, "data-parallel");
    return new ParallelGroups(this, world, tensorGroup, pipelineGroup, dataGroup);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "tensor %d × pipeline %d × data %d", tensor, pipeline, data);
  }

  private static void checkPositive(String name, int ranks) {
    if (ranks < 1) {
      throw new IllegalArgumentException(
          "the " + name + " size is " + ranks + ", at least 1 is needed");
    }
  }
}
