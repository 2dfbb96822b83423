// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every combination of tensor, sequence, pipeline and data parallelism trains as one rank does:
 * losses of five steps within 1e-5, of twenty within 1e-4.
 */
class CombinationsTest {
  private static final int FEW_STEPS = 5;

  /** Six, so that three ranks may have two stages each. */
  private static final ParallelRun SMALL = ParallelRun.ofOne("vector").withLayers(6, 1);

  @TempDir private static Path alone;

  /** The command line's {@code --config mini}, whose weights are drawn once. */
  private static final ParallelRun MINI =
      ParallelRun.ofOne("vector")
          .withModel(() -> Checkpoint.open(alone.resolve("mini")), 8192)
          .thatStopsAfter(FEW_STEPS);

  /** Of two layers, with transformers' weights. */
  private static final ParallelRun FIXTURE =
      ParallelRun.ofOne("vector")
          .withModel(
              () ->
                  Checkpoint.open(
                      Path.of(
                          "src/test/resources/fixtures/transformers/MegatronBertForPreTraining")),
              99);

  private static final Map<ParallelRun, List<MetricsLine.Step>> OF_ONE = new HashMap<>();

  @TempDir private Path folder;

  @BeforeAll
  static void drawTheMiniModel() throws IOException {
    MegatronBertConfig mini = MegatronBertConfig.ofSizes(6, 256, 4, 1024, 8192, 512);
    try (Checkpoint drawn = ParallelRun.random(mini).open()) {
      new CheckpointConverter(drawn).toHuggingFace(alone.resolve("mini"));
    }
  }

  /** What one rank does, which trains once. */
  private static List<MetricsLine.Step> ofOne(ParallelRun run) throws InterruptedException {
    List<MetricsLine.Step> known = OF_ONE.get(run);
    if (known == null) {
      known = run.train(alone.resolve("run" + OF_ONE.size()));
      OF_ONE.put(run, known);
    }
    return known;
  }

  private static void assertLosses(
      List<MetricsLine.Step> expected, List<MetricsLine.Step> actual, double few, double many) {
    for (int i = 0; i < actual.size(); i++) {
      double loss = expected.get(i).loss();
      double bound = i < FEW_STEPS ? few : many;
      assertEquals(loss, actual.get(i).loss(), bound * loss, "step " + (i + 1));
    }
  }

  private void assertTrainsAsOne(
      ParallelRun one, ParallelPlan plan, boolean sequenceParallel, int stages, int steps)
      throws InterruptedException {
    List<MetricsLine.Step> actual =
        one.by(plan)
            .withSequenceParallel(sequenceParallel)
            .withStages(stages)
            .thatStopsAfter(steps)
            .train(folder);
    assertEquals(steps, actual.size());
    assertLosses(ofOne(one), actual, 1e-5, 1e-4);
  }

  /** A combination. */
  private record Combination(ParallelPlan plan, boolean sequenceParallel, int stages) {
    static Combination of(
        int tensor, int pipeline, int data, boolean sequenceParallel, int stages) {
      return new Combination(new ParallelPlan(tensor, pipeline, data), sequenceParallel, stages);
    }
  }

  /** Those that train for twenty steps, the others for five. */
  private static final Set<Combination> LONG =
      Set.of(
          Combination.of(4, 1, 2, false, 1),
          Combination.of(4, 3, 1, true, 1),
          Combination.of(1, 3, 2, false, 2),
          Combination.of(2, 2, 2, true, 2));

  static Stream<Arguments> combinations() {
    List<Arguments> all = new ArrayList<>();
    for (int tensor : new int[] {1, 2, 4}) {
      for (int pipeline = 1; pipeline <= 3; pipeline++) {
        for (int data = 1; data <= 2; data++) {
          for (boolean sequenceParallel : new boolean[] {false, true}) {
            for (int stages = 1; stages <= 2; stages++) {
              boolean isMeant = (tensor > 1 || !sequenceParallel) && (pipeline > 1 || stages == 1);
              ParallelPlan plan = new ParallelPlan(tensor, pipeline, data);
              if (isMeant && plan.ranks() > 1) {
                boolean isLong = LONG.contains(new Combination(plan, sequenceParallel, stages));
                int steps = isLong ? ParallelRun.STEPS : FEW_STEPS;
                all.add(Arguments.of(plan, sequenceParallel, stages, steps));
              }
            }
          }
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void stepsAreThoseOfOneRank(ParallelPlan plan, boolean sequenceParallel, int stages, int steps)
      throws Exception {
    assertTrainsAsOne(SMALL, plan, sequenceParallel, stages, steps);
  }

  @ParameterizedTest
  @CsvSource({"4, 1, 2, false", "2, 2, 1, true", "4, 2, 2, true", "1, 2, 2, false"})
  void transformersModelIsTrainedAsByOneRank(
      int tensor, int pipeline, int data, boolean sequenceParallel) throws Exception {
    ParallelPlan plan = new ParallelPlan(tensor, pipeline, data);
    assertTrainsAsOne(FIXTURE, plan, sequenceParallel, 1, ParallelRun.STEPS);
  }

  @ParameterizedTest
  @CsvSource({"4, 1, 1, true, 1", "1, 3, 1, false, 2", "2, 2, 2, true, 1"})
  void theMiniModelIsTrainedAsByOneRank(
      int tensor, int pipeline, int data, boolean sequenceParallel, int stages) throws Exception {
    ParallelPlan plan = new ParallelPlan(tensor, pipeline, data);
    assertTrainsAsOne(MINI, plan, sequenceParallel, stages, FEW_STEPS);
  }

  /** What layers keep is rounded, so ranks are as near as bfloat16 is. */
  @Test
  void sequenceParallelismInBfloat16IsTensorParallelismThere() throws Exception {
    ParallelRun one = SMALL.withPrecision(Precision.BF16).thatStopsAfter(FEW_STEPS);
    ParallelRun two = one.by(new ParallelPlan(2, 1, 1));
    List<MetricsLine.Step> divided =
        two.withSequenceParallel(true).train(folder.resolve("divided"));
    List<MetricsLine.Step> whole = two.train(folder.resolve("whole"));
    assertEquals(FEW_STEPS, divided.size());
    assertLosses(whole, divided, 1e-5, 1e-5);
    assertLosses(one.train(folder.resolve("one")), divided, 2e-3, 2e-3);
  }
}
