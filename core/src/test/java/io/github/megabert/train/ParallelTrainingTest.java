// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.TensorAssertions;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks that train together compute what one rank computes, dropout included. */
class ParallelTrainingTest {
  private static final int STEPS = ParallelRun.STEPS;

  @TempDir private static Path alone;
  private static final Map<String, List<MetricsLine.Step>> ONE_RANK = new HashMap<>();

  @TempDir private Path folder;

  /** The steps of one rank, which trains once. */
  private static List<MetricsLine.Step> oneRank(String backend) throws InterruptedException {
    List<MetricsLine.Step> steps = ONE_RANK.get(backend);
    if (steps == null) {
      steps = ParallelRun.ofOne(backend).train(alone.resolve(backend));
      ONE_RANK.put(backend, steps);
    }
    return steps;
  }

  @ParameterizedTest
  @CsvSource({
    "2, 1, vector, false",
    "2, 1, scalar, true",
    "4, 1, scalar, false",
    "4, 1, vector, true",
    "1, 2, vector, false",
    "2, 2, vector, false",
    "2, 2, vector, true",
    "1, 4, scalar, false"
  })
  void ranksTrainAsOneDoes(int tensor, int data, String backend, boolean sequenceParallel)
      throws Exception {
    Path one = alone.resolve(backend);
    Path many = folder.resolve("many");
    List<MetricsLine.Step> expected = oneRank(backend);
    List<MetricsLine.Step> actual =
        new ParallelRun(new ParallelPlan(tensor, 1, data), backend)
            .withSequenceParallel(sequenceParallel)
            .train(many);
    assertEquals(STEPS, actual.size());
    for (int i = 0; i < STEPS; i++) {
      double loss = expected.get(i).loss();
      assertEquals(loss, actual.get(i).loss(), (i < 5 ? 1e-5 : 1e-4) * loss, "step " + (i + 1));
      double norm = expected.get(i).gradNorm();
      assertEquals(norm, actual.get(i).gradNorm(), 1e-3 * norm, "step " + (i + 1));
    }
    try (Safetensors wanted = Safetensors.open(one.resolve("model.safetensors"));
        Safetensors got = Safetensors.open(many.resolve("model.safetensors"))) {
      assertEquals(wanted.names(), got.names());
      for (String name : wanted.names()) {
        if (name.endsWith("self.key.bias")) {
          // Their gradient is zero but for rounding, so AdamW walks at random there.
          continue;
        }
        TensorAssertions.assertCloseOrZero(name, wanted.tensor(name), got.tensor(name), 1e-3, 1e-5);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void anotherNumberOfRanksGoesOnWithARun(boolean sequenceParallel) throws Exception {
    List<MetricsLine.Step> expected = oneRank("vector");
    Path output = folder.resolve("divided");
    List<MetricsLine.Step> _ =
        new ParallelRun(new ParallelPlan(2, 1, 1), "vector")
            .withSequenceParallel(sequenceParallel)
            .train(output);
    deleteStep(output.resolve("checkpoints").resolve("step-20"));
    List<MetricsLine.Step> lines =
        new ParallelRun(new ParallelPlan(4, 1, 1), "vector").resume(output);
    assertEquals(STEPS - 14, lines.size());
    for (int i = 0; i < lines.size(); i++) {
      double loss = expected.get(14 + i).loss();
      assertEquals(loss, lines.get(i).loss(), 1e-4 * loss, "step " + (15 + i));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 2, false, false", "2, 2, true, false", "1, 3, false, true"})
  void gradientsThatAreSummedMeanwhileHaveTheSameBits(
      int tensor, int data, boolean sequenceParallel, boolean distributedOptimizer)
      throws Exception {
    ParallelRun run =
        new ParallelRun(new ParallelPlan(tensor, 1, data), "vector")
            .withSequenceParallel(sequenceParallel)
            .thatStopsWhenSaved();
    DataParallelOptions options =
        DataParallelOptions.DEFAULT.withDistributedOptimizer(distributedOptimizer);
    List<MetricsLine.Step> behind =
        run.with(options.withOverlap(false)).train(folder.resolve("behind"));
    List<MetricsLine.Step> meanwhile =
        run.with(options.withOverlap(true)).train(folder.resolve("meanwhile"));
    assertEquals(7, meanwhile.size());
    for (int i = 0; i < 7; i++) {
      assertEquals(behind.get(i).loss(), meanwhile.get(i).loss(), "step " + (i + 1));
      assertEquals(behind.get(i).gradNorm(), meanwhile.get(i).gradNorm(), "step " + (i + 1));
    }
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      Path saved = Path.of("checkpoints", "step-7", file);
      assertEquals(
          -1,
          Files.mismatch(
              folder.resolve("behind").resolve(saved), folder.resolve("meanwhile").resolve(saved)),
          file);
    }
  }

  @Test
  void aRunThatStopsAtAStepThatIsSavedEnds() throws Exception {
    ParallelRun run = new ParallelRun(new ParallelPlan(2, 1, 1), "vector");
    assertEquals(7, run.thatStopsWhenSaved().train(folder).size());
  }

  @Test
  void moreCopiesThanPassesAreRefused() {
    ParallelRun run = new ParallelRun(new ParallelPlan(1, 1, 5), "scalar");
    RankFailedException failure = assertThrows(RankFailedException.class, () -> run.train(folder));
    assertTrue(
        String.valueOf(failure.getMessage()).contains("4 passes for 5 data-parallel ranks"),
        failure.getMessage());
  }

  private static void deleteStep(Path checkpoint) throws IOException {
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(checkpoint);
  }
}
