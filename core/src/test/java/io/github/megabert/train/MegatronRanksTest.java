// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchTensor;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks that share a model write Megatron-LM's files, each its own. */
class MegatronRanksTest {
  @TempDir private Path folder;

  @Test
  void eachRankWritesItsFileAndAnotherNumberGoesOn() throws Exception {
    ParallelRun two =
        new ParallelRun(new ParallelPlan(2, 1, 2), "vector")
            .withSequenceParallel(true)
            .with(DataParallelOptions.DEFAULT.withDistributedOptimizer(true))
            .thatStopsWhenSaved();
    Path whole = folder.resolve("whole");
    Path ranks = folder.resolve("ranks");
    assertEquals(7, two.train(whole).size());
    assertEquals(7, two.with(CheckpointFormat.MEGATRON).train(ranks).size());
    Path saved = ranks.resolve("checkpoints").resolve("step-7");
    for (String rank : List.of("mp_rank_00", "mp_rank_01")) {
      assertTrue(Files.exists(saved.resolve("iter_0000007").resolve(rank)), rank);
    }
    assertSameWeights(whole.resolve("checkpoints").resolve("step-7"), saved);
    ParallelRun one = ParallelRun.ofOne("vector").thatStopsWhenSaved();
    List<MetricsLine.Step> expected = one.resume(whole);
    List<MetricsLine.Step> next = one.with(CheckpointFormat.MEGATRON).resume(ranks);
    assertEquals(7, next.size());
    for (int i = 0; i < 7; i++) {
      assertEquals(expected.get(i).loss(), next.get(i).loss(), "step " + (8 + i));
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 2", "1, 2"})
  void stagesWriteTheirFilesToo(int tensor, int pipeline) throws Exception {
    ParallelRun many =
        new ParallelRun(new ParallelPlan(tensor, pipeline, 1), "vector")
            .withLayers(4, 1)
            .thatStopsWhenSaved();
    Path whole = folder.resolve("whole");
    Path ranks = folder.resolve("ranks");
    assertEquals(7, many.train(whole).size());
    assertEquals(7, many.with(CheckpointFormat.MEGATRON).train(ranks).size());
    Path saved = ranks.resolve("checkpoints").resolve("step-7");
    List<String> names = new ArrayList<>();
    for (int rank = 0; rank < tensor; rank++) {
      for (int stage = 0; stage < pipeline; stage++) {
        names.add("mp_rank_0" + rank + "_00" + stage);
      }
    }
    try (Stream<Path> files = Files.list(saved.resolve("iter_0000007"))) {
      assertEquals(names, files.map(file -> file.getFileName().toString()).sorted().toList());
    }
    assertCopyOfWordsIsCountedBeforeTheHeads(
        saved.resolve("iter_0000007").resolve(names.getLast()));
    assertSameWeights(whole.resolve("checkpoints").resolve("step-7"), saved);
    ParallelRun one = ParallelRun.ofOne("vector").withLayers(4, 1).thatStopsWhenSaved();
    List<MetricsLine.Step> expected = one.resume(whole);
    List<MetricsLine.Step> next = one.with(CheckpointFormat.MEGATRON).resume(ranks);
    assertEquals(7, next.size());
    for (int i = 0; i < 7; i++) {
      assertEquals(expected.get(i).loss(), next.get(i).loss(), "step " + (8 + i));
    }
  }

  /**
   * Megatron-LM's own model makes its pooler, then the copy of the words, {@code lm_head} and
   * {@code binary_head}. They come behind four matrices of each of two layers.
   */
  private static void assertCopyOfWordsIsCountedBeforeTheHeads(Path rank) throws IOException {
    try (TorchFile file = TorchFile.open(rank.resolve("model_optim_rng.pt"))) {
      Object optimizer = PickleValues.member(file.root(), "optimizer");
      Object state = PickleValues.member(optimizer, "state");
      List<String> shapes = new ArrayList<>();
      for (int number = 8; number < 12; number++) {
        Object parameter = state instanceof Map<?, ?> map ? map.get(String.valueOf(number)) : null;
        Object moment = PickleValues.member(parameter, "exp_avg");
        shapes.add(moment instanceof TorchTensor tensor ? tensor.shape().toString() : "none");
      }
      assertEquals(List.of("[32, 32]", "[128, 32]", "[32, 32]", "[2, 32]"), shapes);
      List<?> groups = PickleValues.items(PickleValues.member(optimizer, "param_groups"));
      assertNotNull(groups);
      assertEquals(
          LongStream.range(0, 12).boxed().toList(),
          PickleValues.items(PickleValues.member(groups.getFirst(), "params")));
    }
  }

  private static void assertSameWeights(Path whole, Path ranks) throws IOException {
    try (Checkpoint wanted = Checkpoint.open(whole);
        Checkpoint got = Checkpoint.open(ranks)) {
      assertTrue(got.names().containsAll(wanted.names()));
      for (String name : wanted.names()) {
        assertArrayEquals(
            wanted.tensor(name).toFloatArray(), got.tensor(name).toFloatArray(), name);
      }
    }
  }

  /** In bfloat16 the file's rounded values are not those that the run goes on with. */
  @Test
  void aRunInBfloat16GoesOnFromItsMasters() throws Exception {
    ParallelRun run =
        ParallelRun.ofOne("vector").withPrecision(Precision.BF16).thatStopsWhenSaved();
    ParallelRun megatron = run.with(CheckpointFormat.MEGATRON);
    Path whole = folder.resolve("whole");
    Path ranks = folder.resolve("ranks");
    assertEquals(7, run.train(whole).size());
    assertEquals(7, megatron.train(ranks).size());
    List<MetricsLine.Step> expected = run.resume(whole);
    List<MetricsLine.Step> next = megatron.resume(ranks);
    assertEquals(7, next.size());
    for (int i = 0; i < 7; i++) {
      assertEquals(expected.get(i).loss(), next.get(i).loss(), "step " + (8 + i));
    }
  }

  @Test
  void aStateOfAnotherCheckpointThanTheModelIsRefused() throws Exception {
    ParallelRun run =
        ParallelRun.ofOne("vector").with(CheckpointFormat.MEGATRON).thatStopsWhenSaved();
    Path output = folder.resolve("run");
    assertEquals(7, run.train(output).size());
    Path saved = output.resolve("checkpoints").resolve("step-7");
    Path state = saved.resolve("state.json");
    String json = Files.readString(state);
    assertTrue(json.contains("\"updates\":7,"), json);
    Files.writeString(state, json.replace("\"updates\":7,", "\"updates\":6,"));
    RankFailedException failure = assertThrows(RankFailedException.class, () -> run.resume(output));
    assertTrue(
        String.valueOf(failure.getMessage())
            .contains(" counts 7 updates, its state.json 6; both must be of one checkpoint"),
        failure.getMessage());
  }

  @Test
  void whatMegatronCannotDivideIsRefusedBeforeTheFirstStep() {
    ParallelRun run =
        new ParallelRun(new ParallelPlan(4, 1, 1), "scalar").with(CheckpointFormat.MEGATRON);
    RankFailedException failure =
        assertThrows(RankFailedException.class, () -> run.train(folder.resolve("four")));
    assertTrue(
        String.valueOf(failure.getMessage())
            .contains("50 intermediate units cannot be divided among 4 tensor-parallel ranks"),
        failure.getMessage());
    assertFalse(Files.exists(folder.resolve("four")));
  }
}
