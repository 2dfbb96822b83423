package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.train.log.MetricsLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    try (Checkpoint wanted = Checkpoint.open(whole.resolve("checkpoints").resolve("step-7"));
        Checkpoint got = Checkpoint.open(saved)) {
      assertTrue(got.names().containsAll(wanted.names()));
      for (String name : wanted.names()) {
        assertArrayEquals(
            wanted.tensor(name).toFloatArray(), got.tensor(name).toFloatArray(), name);
      }
    }
    ParallelRun one = ParallelRun.ofOne("vector").thatStopsWhenSaved();
    List<MetricsLine.Step> expected = one.resume(whole);
    List<MetricsLine.Step> next = one.with(CheckpointFormat.MEGATRON).resume(ranks);
    assertEquals(7, next.size());
    for (int i = 0; i < 7; i++) {
      assertEquals(expected.get(i).loss(), next.get(i).loss(), "step " + (8 + i));
    }
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
