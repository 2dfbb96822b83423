// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.train.DataParallelOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many ranks train together, and what each does. */
public final class RankOptions implements RankLauncher.Ranked {
  @Option(
      names = "--ranks",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Ranks that train together, as threads of this process, each with its share of the"
              + " processors. mpirun starts ranks as processes: mpirun -n N megabert … Default: 1.")
  private @Nullable Integer ranks;

  @Option(
      names = "--tensor-parallel",
      paramLabel = "T",
      converter = Numbers.AtLeastOne.class,
      description =
          "Ranks that divide every layer among them. What ranks are left are copies of the model,"
              + " which divide the passes of a step. Default: 1.")
  private int tensor = 1;

  @Option(
      names = "--pipeline-parallel",
      paramLabel = "P",
      converter = Numbers.AtLeastOne.class,
      description = "Stages that the layers are divided into, each of its own ranks. Default: 1.")
  private int pipeline = 1;

  @Option(
      names = "--interleave",
      paramLabel = "V",
      converter = Numbers.AtLeastOne.class,
      description =
          "Stages that each pipeline-parallel rank has in turn, which leaves it less time idle."
              + " Default: 1.")
  private int interleave = 1;

  @Option(
      names = "--sequence-parallel",
      description =
          "Let the ranks of --tensor-parallel divide the tokens of LayerNorm, dropout and residuals"
              + " as well, which takes less memory.")
  private boolean sequence;

  @Option(
      names = "--distributed-optimizer",
      description =
          "Divide the optimizer's state among the copies of the model, which takes less memory.")
  private boolean distributed;

  @Override
  public int threadRanks() {
    return ranks == null ? 1 : ranks;
  }

  /**
   * Which rank does what.
   *
   * @throws WrongUsage if there are not the ranks for it
   */
  public ParallelPlan plan() {
    Communicator world = RankScope.world();
    int there = world == null ? 1 : world.size();
    WrongUsage.unless(
        ranks == null || ranks == there,
        "--ranks " + ranks + ": mpirun has started " + there + " ranks; leave --ranks out");
    long model = (long) tensor * pipeline;
    WrongUsage.unless(
        world != null || model == 1,
        named()
            + " takes at least "
            + model
            + " ranks: add --ranks "
            + model
            + " for threads of this process, or start processes with mpirun -n "
            + model
            + " megabert …");
    WrongUsage.unless(
        there % model == 0,
        named() + ": " + there + " ranks are no multiple of " + model + "; start as many as are");
    WrongUsage.unless(
        interleave == 1 || pipeline > 1,
        "--interleave is for stages: say how many with --pipeline-parallel");
    WrongUsage.unless(
        !sequence || tensor > 1,
        "--sequence-parallel is for ranks that share layers: say how many with --tensor-parallel");
    WrongUsage.unless(
        !distributed || there > model,
        "--distributed-optimizer is for copies of the model, and there is one: start more ranks");
    return ParallelPlan.of(there, tensor, pipeline);
  }

  private String named() {
    return tensor == 1
        ? "--pipeline-parallel " + pipeline
        : "--tensor-parallel "
            + tensor
            + (pipeline == 1 ? "" : " with --pipeline-parallel " + pipeline);
  }

  /** Stages of each pipeline-parallel rank. */
  public int stagesPerRank() {
    return interleave;
  }

  /** How copies of the model train together. */
  public DataParallelOptions dataParallel() {
    return DataParallelOptions.DEFAULT.withDistributedOptimizer(distributed);
  }

  /** Whether ranks that share layers divide the tokens too. */
  public boolean sequenceParallel() {
    return sequence;
  }

  /** This rank's groups, which all ranks make together; null where one trains alone. */
  public @Nullable ParallelGroups groups() {
    Communicator world = RankScope.world();
    return world == null ? null : plan().groups(world);
  }

  /**
   * Checks that every copy of the model has something to do.
   *
   * @param passes of a step
   * @param remedy what is to be said instead
   * @throws WrongUsage if there are fewer passes than copies
   */
  public void requireWork(int passes, String remedy) {
    int copies = plan().data();
    WrongUsage.unless(
        passes >= copies,
        "a step has "
            + passes
            + (passes == 1 ? " pass" : " passes")
            + " for "
            + copies
            + " copies of the model, so some would have nothing to do; "
            + remedy);
  }
}
