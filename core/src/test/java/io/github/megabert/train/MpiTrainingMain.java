// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code MpiTrainingTest} starts as four ranks: they train by one plan after the other. */
final class MpiTrainingMain {
  static final int RANKS = 4;

  /** Each of two ranks: two stages, and two copies. */
  static final List<ParallelRun> OF_TWO = List.of(run(1, 2, 1, 1), run(1, 1, 2, 1));

  /** Stages of two ranks each, and copies of interleaved stages. */
  static final List<ParallelRun> OF_FOUR = List.of(run(2, 2, 1, 1), run(1, 2, 2, 2));

  private MpiTrainingMain() {}

  private static ParallelRun run(int tensor, int pipeline, int data, int perRank) {
    return new ParallelRun(new ParallelPlan(tensor, pipeline, data), "scalar")
        .withLayers(4, perRank)
        .thatStopsAfter(3);
  }

  /** A run and its losses, to the bit. */
  static String line(ParallelRun run, List<MetricsLine.Step> steps) {
    return "losses of "
        + run.plan()
        + steps.stream()
            .map(step -> " " + Double.toHexString(step.loss()))
            .collect(Collectors.joining());
  }

  public static void main(String[] args) throws Exception {
    MpiRanks.run(world -> train(world, Path.of(args[0])));
  }

  private static void train(Communicator world, Path folder) throws IOException {
    int half = world.rank() / 2;
    train(world.split(half, world.rank()), OF_TWO.get(half), folder.resolve("half" + half));
    for (int i = 0; i < OF_FOUR.size(); i++) {
      train(world, OF_FOUR.get(i), folder.resolve("all" + i));
    }
  }

  private static void train(Communicator world, ParallelRun run, Path folder) throws IOException {
    List<MetricsLine.Step> steps = run.train(world, folder);
    if (world.rank() == 0) {
      System.out.println(line(run, steps));
    }
  }
}
