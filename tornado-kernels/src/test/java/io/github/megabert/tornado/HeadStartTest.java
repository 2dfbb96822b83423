// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Computations long enough for their first graph to be started before they are recorded whole,
 * which CUDA devices do, and that then are not what was expected.
 */
class HeadStartTest {
  private static final int WIDTH = 32;
  private static final int ROWS = 20;
  private static final int NORMS = 90;
  private static final int[] ORDER = reversed();

  private final Arena arena = Arena.ofShared();
  private final Random random = new Random(20261124);
  private final Tensor words = tensor(50);
  private final Tensor typeWords = tensor(50);
  private final Backend oracle = Backends.open("scalar", BackendOptions.DEFAULT);
  private TornadoBackend tested;

  @BeforeEach
  void open() {
    try {
      tested = (TornadoBackend) new TornadoBackendProvider().open(TestedPrecision.options());
    } catch (UnsupportedOperationException missing) {
      assumeTrue(false, "no device to test on: " + missing.getMessage());
    }
  }

  @AfterEach
  void close() {
    tested.close();
    oracle.close();
    arena.close();
  }

  private static int[] reversed() {
    int[] order = new int[ROWS];
    Arrays.setAll(order, i -> ROWS - 1 - i);
    return order;
  }

  private Tensor tensor(int rows) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, WIDTH));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, TestedPrecision.representable(random.nextGaussian()));
    }
    return tensor;
  }

  private static Tensor constant(Arena arena, float value, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, value);
    }
    return tensor;
  }

  /**
   * Embeds ids, orders the rows otherwise after two of {@link #NORMS} normalisations, and gathers
   * some at the end: integers are read by the first step, by an early and by the last one.
   */
  private final class Chain {
    private final Backend backend;
    private final Backend.Parameter table;
    private final Backend.Parameter kinds;
    private final Backend.Parameter zeros;
    private final Backend.Parameter weight;
    private final Backend.Parameter bias;

    Chain(Backend backend) {
      this.backend = backend;
      table = backend.parameter(words);
      kinds = backend.parameter(typeWords);
      zeros = backend.parameter(constant(arena, 0, ROWS, WIDTH));
      weight = backend.parameter(constant(arena, 1, WIDTH));
      bias = backend.parameter(constant(arena, 0, WIDTH));
    }

    float[] run(int[] ids, int[] gathered, boolean backwards) {
      return run(ids, new int[ids.length], ORDER, gathered, backwards);
    }

    float[] run(int[] ids, int[] types, int[] order, int[] gathered, boolean backwards) {
      try (Computation c = backend.begin()) {
        return run(c, ids, types, order, gathered, backwards);
      }
    }

    float[] run(
        Computation c, int[] ids, int[] types, int[] order, int[] gathered, boolean backwards) {
      Matrix one = c.matrix(ids.length, WIDTH);
      Matrix other = c.matrix(ids.length, WIDTH);
      c.embed(ids, types, new int[ids.length], table, kinds, zeros, one);
      for (int i = 0; i < NORMS; i += 2) {
        c.layerNorm(one, weight, bias, 1e-12f, other);
        c.layerNorm(other, weight, bias, 1e-12f, one);
        if (i == 0) {
          c.gatherRows(one, order, other);
          c.layerNorm(other, weight, bias, 1e-12f, one);
        }
      }
      Matrix out = c.matrix(gathered.length, WIDTH);
      c.gatherRows(one, gathered, out);
      if (backwards) {
        int last = gathered.length - 1;
        Matrix turned = c.matrix(gathered.length, WIDTH);
        c.gatherRows(out, IntStream.rangeClosed(0, last).map(i -> last - i).toArray(), turned);
        out = turned;
      }
      Tensor copy = Tensor.allocate(arena, DType.F32, Shape.of(gathered.length, WIDTH));
      c.read(out, copy.segment());
      return copy.toFloatArray();
    }
  }

  private int[] ids(int count) {
    return random.ints(count, 0, 50).toArray();
  }

  private void agree(float[] expected, float[] actual) {
    double difference = 0;
    double norm = 0;
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow(expected[i] - actual[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    double error = Math.sqrt(difference / norm);
    assertTrue(error <= 2 * TestedPrecision.relativeBound(), "relative error " + error);
  }

  private void agree(Chain expected, Chain actual, int[] ids, int[] gathered, boolean backwards) {
    agree(expected.run(ids, gathered, backwards), actual.run(ids, gathered, backwards));
  }

  private void repeat(Chain expected, Chain actual) {
    for (int round = 0; round < 4; round++) {
      agree(expected, actual, ids(ROWS), new int[] {3, 17, 5}, false);
    }
    if (tested.device().contains("(CUDA)")) {
      int[] steps = tested.programs().latest().startSteps();
      assertArrayEquals(new int[] {1, 4}, steps, "graphs have not been started early");
    }
  }

  @Test
  void otherIntegersAtTheEnd() {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    agree(expected, actual, ids(ROWS), new int[] {19, 0, 7}, false);
    agree(expected, actual, ids(ROWS), new int[] {19, 0, 7}, false);
  }

  @Test
  void otherIntegersInTheMiddle() {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    for (int round = 1; round < 8; round++) {
      int[] order = ORDER.clone();
      order[round] = order[round + 3];
      int[] gathered = {3, round % 2, 5};
      int[] ids = ids(ROWS);
      int[] types = round < 4 ? new int[ROWS] : ids(ROWS);
      agree(
          expected.run(ids, types, order, gathered, false),
          actual.run(ids, types, order, gathered, false));
    }
  }

  @Test
  void anotherOperationAtTheEnd() {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    agree(expected, actual, ids(ROWS), new int[] {3, 17, 5}, true);
    agree(expected, actual, ids(ROWS), new int[] {3, 17, 5}, false);
    repeat(expected, actual);
    agree(expected, actual, ids(ROWS), new int[] {3, 17}, false);
  }

  @Test
  void aComputationThatIsNeverRead() {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    try (Computation c = tested.begin()) {
      Matrix one = c.matrix(ROWS, WIDTH);
      Matrix other = c.matrix(ROWS, WIDTH);
      c.embed(
          ids(ROWS), new int[ROWS], new int[ROWS], actual.table, actual.kinds, actual.zeros, one);
      for (int i = 0; i < NORMS / 2; i++) {
        c.layerNorm(one, actual.weight, actual.bias, 1e-12f, other);
        c.layerNorm(other, actual.weight, actual.bias, 1e-12f, one);
      }
    }
    repeat(expected, actual);
  }

  @Test
  void oneComputationInsideAnother() {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    int[] gathered = {3, 17, 5};
    int[] outerIds = ids(ROWS);
    int[] innerIds = ids(ROWS);
    try (Computation outer = tested.begin();
        Computation inner = tested.begin()) {
      agree(
          expected.run(outerIds, gathered, false),
          actual.run(outer, outerIds, new int[ROWS], ORDER, gathered, false));
      agree(
          expected.run(innerIds, gathered, false),
          actual.run(inner, innerIds, new int[ROWS], ORDER, gathered, false));
    }
    repeat(expected, actual);
  }

  @Test
  void threadsAtOnce() throws Exception {
    Chain expected = new Chain(oracle);
    Chain actual = new Chain(tested);
    repeat(expected, actual);
    int[][] ids = new int[40][];
    Arrays.setAll(ids, i -> ids(ROWS));
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Future<?>[] runs = new Future<?>[ids.length];
      for (int i = 0; i < ids.length; i++) {
        int[] own = ids[i];
        int[] gathered = {i % ROWS, 2, 3};
        boolean backwards = i % 5 == 0;
        runs[i] = threads.submit(() -> agree(expected, actual, own, gathered, backwards));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }
}
