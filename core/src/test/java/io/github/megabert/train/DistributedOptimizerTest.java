// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.train.log.MetricsLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The optimizer's state, cut over the copies of a model, trains as if each had all of it. */
class DistributedOptimizerTest {
  private static final DataParallelOptions CUT =
      DataParallelOptions.DEFAULT.withDistributedOptimizer(true);

  @TempDir private Path folder;

  private static void assertSameLosses(
      List<MetricsLine.Step> expected, List<MetricsLine.Step> actual, double bound) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      double loss = expected.get(i).loss();
      assertEquals(loss, actual.get(i).loss(), bound * loss, "step " + (i + 1));
      double norm = expected.get(i).gradNorm();
      assertEquals(norm, actual.get(i).gradNorm(), 10 * bound * norm, "step " + (i + 1));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, vector, false",
    "1, 3, vector, false",
    "2, 2, vector, true",
    "2, 2, scalar, false"
  })
  void lossesAreThoseOfWholeState(int tensor, int data, String backend, boolean sequenceParallel)
      throws Exception {
    ParallelRun run =
        new ParallelRun(new ParallelPlan(tensor, 1, data), backend)
            .withSequenceParallel(sequenceParallel)
            .thatStopsWhenSaved();
    List<MetricsLine.Step> expected = run.train(folder.resolve("whole"));
    List<MetricsLine.Step> actual = run.with(CUT).train(folder.resolve("cut"));
    // The norm's squares are added up in another order.
    assertSameLosses(expected, actual, 1e-7);
  }

  @Test
  void anyNumberOfCopiesGoesOnWithAnyOthers() throws Exception {
    Path whole = folder.resolve("whole");
    Path cut = folder.resolve("cut");
    List<MetricsLine.Step> expected = ParallelRun.ofOne("vector").train(whole);
    ParallelRun three = new ParallelRun(new ParallelPlan(1, 1, 3), "vector").with(CUT);
    List<MetricsLine.Step> first = three.thatStopsWhenSaved().train(cut);
    assertEquals(7, first.size());
    assertSameLosses(expected.subList(0, 7), first, 1e-5);
    ParallelRun two = new ParallelRun(new ParallelPlan(2, 1, 2), "vector").with(CUT);
    List<MetricsLine.Step> next = two.thatStopsWhenSaved().resume(cut);
    assertSameLosses(expected.subList(7, 14), next, 1e-4);
    List<MetricsLine.Step> last = ParallelRun.ofOne("vector").resume(cut);
    assertSameLosses(expected.subList(14, 20), last, 1e-4);
  }

  @Test
  void savedStateHasTheSameBitsCutOrWhole() throws Exception {
    // Two copies with whole state and with cut state: the same file, to the bit.
    ParallelRun run = new ParallelRun(new ParallelPlan(1, 1, 2), "vector").thatStopsWhenSaved();
    List<MetricsLine.Step> whole = run.train(folder.resolve("whole"));
    assertEquals(7, whole.size());
    List<MetricsLine.Step> cut = run.with(CUT).train(folder.resolve("cut"));
    assertEquals(7, cut.size());
    String state = "checkpoints/step-7/optimizer.safetensors";
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("whole").resolve(state)),
        Files.readAllBytes(folder.resolve("cut").resolve(state)));
  }
}
