// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.train.log.MetricsLine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks of every backend train and evaluate as one rank that computes in plain loops does. */
class RanksOnBackendsTest {
  /** Of an epoch. */
  private static final int STEPS = 3;

  @TempDir private Path folder;

  static Stream<Arguments> divisionsOnBackends() {
    return TestBackends.names().stream()
        .flatMap(
            backend ->
                Stream.of(Division.values()).map(division -> Arguments.of(backend, division)));
  }

  @ParameterizedTest
  @MethodSource("divisionsOnBackends")
  void lossesAndMetricsAreThoseOfOneRank(String backend, Division division)
      throws InterruptedException {
    String refusal = ThreadRanks.call(2, world -> refusal(backend, world)).getFirst();
    assumeTrue(refusal.isEmpty(), refusal);
    List<Map<String, Double>> expectedMetrics = new CopyOnWriteArrayList<>();
    List<Map<String, Double>> actualMetrics = new CopyOnWriteArrayList<>();
    List<MetricsLine.Step> expected =
        ParallelRun.ofOne("scalar")
            .withLength(Division.LENGTH)
            .thatStopsAfter(STEPS)
            .thatEvaluates(expectedMetrics::add)
            .train(folder.resolve("one"));
    List<MetricsLine.Step> actual =
        division
            .run(backend)
            .withPrecision(TestBackends.options().precision())
            .thatStopsAfter(STEPS)
            .thatEvaluates(actualMetrics::add)
            .train(folder.resolve("ranks"));
    double bound = TestBackends.isNarrow() ? TestBackends.relativeBound() : 1e-5;
    assertEquals(STEPS, actual.size());
    for (int i = 0; i < STEPS; i++) {
      double loss = expected.get(i).loss();
      assertEquals(loss, actual.get(i).loss(), bound * loss, "step " + i);
      double norm = expected.get(i).gradNorm();
      assertEquals(norm, actual.get(i).gradNorm(), 10 * bound * norm, "step " + i);
    }
    assertEquals(2, actualMetrics.size(), "both ranks evaluate");
    for (Map<String, Double> metrics : actualMetrics) {
      for (String loss : List.of("masked_loss", "order_loss")) {
        double wanted = expectedMetrics.getFirst().get(loss);
        assertEquals(wanted, metrics.get(loss), 10 * bound * wanted, loss);
      }
      if (!TestBackends.isNarrow()) {
        assertEquals(expectedMetrics.getFirst().get("accuracy"), metrics.get("accuracy"));
      }
    }
  }

  /** Why threads cannot be ranks of a backend; an empty string where they can. */
  private static String refusal(String backend, Communicator world) {
    try (Backend opened = Backends.open(backend, TestBackends.options())) {
      opened.requireRanks(world);
      return "";
    } catch (IllegalArgumentException refused) {
      return String.valueOf(refused.getMessage());
    }
  }
}
