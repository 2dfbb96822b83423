// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds every operation of every available backend against the scalar one, on sizes around the
 * widths of vectors and tiles. Outputs are NaN before, so that what a kernel leaves out shows.
 */
class BackendConformanceTest {
  /** 1, around 4, 8, 16 and 32 lanes, primes, and about a thousand. */
  private static final int[] SIZES = {
    1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 37, 63, 64, 65, 99, 127, 257, 1000, 1031
  };

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void freeOperands() {
    arena.close();
  }

  static Stream<String> backends() {
    return Samples.backends().stream();
  }

  /** Each backend with each size. */
  static Stream<Arguments> sizes() {
    return backends()
        .flatMap(b -> TestBackends.sizes(b, SIZES).mapToObj(size -> Arguments.of(b, size)));
  }

  /** Runs {@code operation} on the backend and on the scalar one and compares what it returns. */
  private static void compare(
      String backend, double tolerance, BiFunction<Backend, Computation, List<Matrix>> operation) {
    try (Backend oracle = Backends.open("scalar", BackendOptions.DEFAULT.withThreads(1));
        Computation truth = oracle.begin()) {
      List<float[]> expected = new ArrayList<>();
      for (Matrix matrix : operation.apply(oracle, truth)) {
        expected.add(Samples.read(truth, matrix));
      }
      List<float[]> first = null;
      for (int threads : TestBackends.threadCounts(backend)) {
        try (Backend tested = Backends.open(backend, TestBackends.options().withThreads(threads));
            Computation computation = tested.begin()) {
          List<float[]> actual = new ArrayList<>();
          for (Matrix matrix : operation.apply(tested, computation)) {
            actual.add(Samples.read(computation, matrix));
          }
          for (int i = 0; i < expected.size(); i++) {
            assertAgrees(expected.get(i), actual.get(i), tolerance);
          }
          if (first != null) {
            for (int i = 0; i < expected.size(); i++) {
              assertArrayEquals(first.get(i), actual.get(i), 0f, "threads change the result");
            }
          }
          first = actual;
        }
      }
    }
  }

  /**
   * Within the tolerance element by element; in narrower precisions than float32 within the
   * precision's relative error, but where values are only moved exactly.
   */
  private static void assertAgrees(float[] expected, float[] actual, double tolerance) {
    if (!TestBackends.isNarrow() || tolerance == 0) {
      assertArrayEquals(expected, actual, (float) tolerance);
      return;
    }
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) actual[i] - expected[i];
      assertTrue(Double.isFinite(d), "element " + i + ": " + actual[i] + ", not " + expected[i]);
      difference += d * d;
      norm += (double) expected[i] * expected[i];
    }
    double error = Math.sqrt(difference / Math.max(norm, 1e-6));
    assertTrue(error <= TestBackends.relativeBound(), "relative L2 error " + error);
  }

  /** Rounding grows with the square root of the number of terms, for terms of either sign. */
  private static double tolerance(int terms) {
    return 1e-6 * (4 + Math.sqrt(terms));
  }

  private static Tensor[] linearOperands(Samples samples, int outputs, int inputs) {
    return new Tensor[] {
      samples.tensor(1, outputs, inputs), samples.tensor(1, outputs),
    };
  }

  private void linear(String backend, int rows, int inputs, int outputs) {
    Samples samples = new Samples(arena, rows * 31L + inputs * 7L + outputs);
    Tensor x = samples.tensor(1, rows, inputs);
    Tensor[] dense = linearOperands(samples, outputs, inputs);
    Tensor residual = samples.tensor(3, rows, outputs);
    compare(
        backend,
        4 * tolerance(inputs),
        (b, c) -> {
          Backend.Linear layer = b.linear(List.of(dense[0]), nullable(dense[1]));
          Matrix plain = Samples.poisoned(c, rows, outputs);
          c.linear(c.upload(x), layer, Activation.IDENTITY, null, plain);
          Matrix added = Samples.poisoned(c, rows, outputs);
          c.linear(c.upload(x), layer, Activation.IDENTITY, c.upload(residual), added);
          Matrix inPlace = c.upload(residual);
          c.linear(c.upload(x), layer, Activation.IDENTITY, inPlace, inPlace);
          Matrix activated = c.upload(residual);
          c.linear(c.upload(x), layer, Activation.TANH, activated, activated);
          return List.of(plain, added, inPlace, activated);
        });
  }

  private static List<@Nullable Tensor> nullable(@Nullable Tensor... tensors) {
    return Arrays.asList(tensors);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void linearWithAnyNumberOfRows(String backend, int rows) {
    linear(backend, rows, 33, 37);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void linearWithAnyNumberOfInputs(String backend, int inputs) {
    linear(backend, 7, inputs, 33);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void linearWithAnyNumberOfOutputs(String backend, int outputs) {
    linear(backend, 5, 65, outputs);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void linearWithEveryHeightOfTile(String backend) {
    for (int rows = 1; rows <= 27; rows++) {
      linear(backend, rows, 19, 67);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void linearAcrossBlocksOfRowsInputsAndOutputs(String backend) {
    linear(backend, 401, 1027, 131);
    linear(backend, 13, 2049, 1100);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void linearOfStackedWeightsInEveryType(String backend) {
    Samples samples = new Samples(arena, 5);
    Tensor x = samples.tensor(1, 11, 70);
    List<Tensor> weights = new ArrayList<>();
    List<@Nullable Tensor> biases = new ArrayList<>();
    DType[] types = {DType.F32, DType.F16, DType.BF16, DType.F64};
    for (int i = 0; i < types.length; i++) {
      weights.add(samples.tensor(1, 21 + i, 70).to(types[i], arena));
      biases.add(i == 1 ? null : samples.tensor(1, 21 + i).to(types[i], arena));
    }
    compare(
        backend,
        4 * tolerance(70),
        (b, c) -> {
          Matrix out = Samples.poisoned(c, 11, 90);
          c.linear(c.upload(x), b.linear(weights, biases), Activation.IDENTITY, null, out);
          return List.of(out);
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyActivationWithinOneMillionth(String backend) {
    int count = 40_001;
    Tensor x = Tensor.allocate(arena, DType.F32, Shape.of(count, 1));
    for (int i = 0; i < count; i++) {
      x.setFloat(i, TestBackends.representable((i - 20_000) / 2000f * 1.01f));
    }
    Tensor one = Tensor.ofFloats(arena, Shape.of(1, 1), 1f);
    for (Activation activation : Activation.values()) {
      compare(
          backend,
          TestBackends.activationTolerance(backend),
          (b, c) -> {
            Matrix out = Samples.poisoned(c, count, 1);
            c.linear(c.upload(x), b.linear(List.of(one), nullable(one(0))), activation, null, out);
            return List.of(out);
          });
    }
  }

  private static @Nullable Tensor one(int unused) {
    return null;
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyActivationOnAnyWidth(String backend, int outputs) {
    Samples samples = new Samples(arena, outputs);
    Tensor x = samples.tensor(1, 3, 5);
    Tensor[] dense = linearOperands(samples, outputs, 5);
    for (Activation activation : Activation.values()) {
      compare(
          backend,
          4 * tolerance(5),
          (b, c) -> {
            Matrix out = Samples.poisoned(c, 3, outputs);
            Backend.Linear layer = b.linear(List.of(dense[0]), nullable(dense[1]));
            c.linear(c.upload(x), layer, activation, null, out);
            return List.of(out);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void layerNormOnAnyWidth(String backend, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(3, 9, columns);
    for (int i = 0; i < columns; i++) {
      x.setFloat(i, TestBackends.representable(1000f + x.getFloat(i)));
      x.setFloat(columns + i, TestBackends.representable(0.1f));
    }
    Tensor weight = samples.tensor(1, columns);
    Tensor bias = samples.tensor(1, columns);
    compare(
        backend,
        // The first row loses four digits of its numbers to their mean, in any order of summation.
        1e-4,
        (b, c) -> {
          Matrix out = Samples.poisoned(c, 9, columns);
          Backend.Parameter scale = b.parameter(weight);
          c.layerNorm(c.upload(x), scale, b.parameter(bias), 1e-5f, out);
          return List.of(out);
        });
    Tensor plain = x.rows(2, 9);
    compare(
        backend,
        columns == 1 ? 1e-6 : columns < 4 ? 1e-4 : 1e-5,
        (b, c) -> {
          Matrix inPlace = c.upload(plain);
          c.layerNorm(inPlace, b.parameter(weight), b.parameter(bias), 1e-12f, inPlace);
          return List.of(inPlace);
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void layerNormOfConstantRowsIsItsBias(String backend) {
    int columns = 1000;
    Tensor x = Tensor.allocate(arena, DType.F32, Shape.of(1, columns));
    Tensor ones = Tensor.allocate(arena, DType.F32, Shape.of(columns));
    for (int i = 0; i < columns; i++) {
      x.setFloat(i, TestBackends.representable(12.345678f));
      ones.setFloat(i, 1);
    }
    compare(
        backend,
        1e-3,
        (b, c) -> {
          Matrix out = Samples.poisoned(c, 1, columns);
          c.layerNorm(c.upload(x), b.parameter(ones), b.parameter(ones), 1e-12f, out);
          return List.of(out);
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void embeddingOnAnyWidth(String backend, int hidden) {
    Samples samples = new Samples(arena, hidden);
    Tensor words = samples.tensor(1, 50, hidden);
    Tensor halves = words.to(DType.F16, arena);
    Tensor brains = words.to(DType.BF16, arena);
    Tensor types = samples.tensor(1, 2, hidden);
    Tensor positions = samples.tensor(1, 40, hidden);
    int[] tokens = samples.indices(35, 50);
    // As where another rank has the word.
    tokens[7] = -1;
    tokens[17] = -25;
    int[] kinds = samples.indices(35, 2);
    int[] places = samples.indices(35, 40);
    Tensor given = samples.tensor(1, 35, hidden);
    compare(
        backend,
        1e-6,
        (b, c) -> {
          List<Matrix> results = new ArrayList<>();
          for (Tensor table : List.of(words, halves, brains)) {
            Matrix out = Samples.poisoned(c, 35, hidden);
            c.embed(
                tokens,
                kinds,
                places,
                b.parameter(table),
                b.parameter(types),
                b.parameter(positions),
                out);
            results.add(out);
          }
          Matrix out = c.upload(given);
          c.embed(
              null,
              kinds,
              places,
              b.parameter(words),
              b.parameter(types),
              b.parameter(positions),
              out);
          results.add(out);
          return results;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void crossEntropyOnAnyWidth(String backend, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(10, 6, columns);
    x.setFloat(columns, TestBackends.representable(-1e30f));
    int[] labels = samples.indices(6, columns);
    labels[3] = -100;
    compare(
        backend,
        5e-6,
        (b, c) -> {
          Matrix losses = Samples.poisoned(c, 6, 1);
          Matrix tail = c.upload(x.rows(2, 6));
          c.crossEntropy(tail, Arrays.copyOf(labels, 4), Samples.poisoned(c, 4, 1));
          c.crossEntropy(c.upload(x.rows(0, 6)), withLabels(labels, columns), losses);
          return List.of(losses);
        });
  }

  /** Labels that avoid the one logit whose loss is too large for an absolute tolerance. */
  private static int[] withLabels(int[] labels, int columns) {
    int[] copy = labels.clone();
    copy[1] = columns - 1;
    if (columns == 1) {
      copy[1] = -1;
    }
    return copy;
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void rowsAreGatheredAndScattered(String backend, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(1, 13, columns + 3);
    Tensor cache = samples.tensor(1, 20, columns);
    int[] gathered = samples.indices(17, 13);
    int[] scattered = Arrays.copyOf(samples.permutation(20), 13);
    compare(
        backend,
        0,
        (b, c) -> {
          Matrix out = Samples.poisoned(c, 17, columns + 3);
          c.gatherRows(c.upload(x), gathered, out);
          Matrix target = c.upload(cache);
          c.scatterRows(c.upload(x), 2, scattered, target);
          return List.of(out, target);
        });
  }

  private void attention(
      String backend, int heads, int headDim, boolean causal, int[][] lengths, boolean masked) {
    Samples samples = new Samples(arena, heads * 100L + headDim);
    int sequences = lengths.length;
    int[] queryStart = new int[sequences];
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    // Rows before, between and after the sequences belong to nobody.
    int queryRows = 1;
    int keyRows = 2;
    for (int b = 0; b < sequences; b++) {
      queryStart[b] = queryRows;
      queryLength[b] = lengths[b][0];
      keyStart[b] = keyRows;
      keyLength[b] = lengths[b][1];
      queryRows += lengths[b][0] + 1;
      keyRows += lengths[b][1] + 1;
    }
    byte[] mask = masked ? samples.mask(keyRows) : null;
    AttentionLayout layout =
        new AttentionLayout(
            heads, headDim, causal, queryStart, queryLength, keyStart, keyLength, mask);
    int width = heads * headDim;
    Tensor queries = samples.tensor(1, queryRows, width + 3);
    Tensor keysAndValues = samples.tensor(1, keyRows, 2 * width + 5);
    Tensor before = samples.tensor(1, queryRows, width);
    int count = Math.toIntExact(layout.probabilityCount());
    compare(
        backend,
        1e-5,
        (b, c) -> {
          Matrix q = c.upload(queries);
          Matrix kv = c.upload(keysAndValues);
          Matrix out = c.upload(before);
          c.attention(layout, q, 2, kv, 1, kv, width + 3, out, null);
          Matrix again = c.upload(before);
          Matrix probabilities = Samples.poisoned(c, 1, count);
          c.attention(layout, q, 2, kv, 1, kv, width + 3, again, probabilities);
          return List.of(out, again, probabilities);
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void attentionOverAnyNumberOfKeys(String backend, int keys) {
    int queries = Math.min(keys, 65);
    attention(backend, 2, 16, false, new int[][] {{queries, keys}}, false);
    attention(backend, 2, 16, true, new int[][] {{queries, keys}}, false);
    attention(backend, 2, 16, true, new int[][] {{queries, keys}}, true);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void attentionOfAnyHeadSize(String backend) {
    for (int headDim : new int[] {1, 3, 8, 16, 17, 32, 40, 64, 80, 96, 128}) {
      attention(backend, 3, headDim, false, new int[][] {{5, 9}, {1, 33}}, true);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void attentionOfRaggedBatches(String backend) {
    int[][] lengths = {{17, 17}, {1, 1}, {130, 130}, {64, 64}, {2, 2}, {49, 49}};
    for (boolean causal : new boolean[] {false, true}) {
      for (boolean masked : new boolean[] {false, true}) {
        attention(backend, 4, 32, causal, lengths, masked);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void attentionOfOneQueryOverACache(String backend) {
    attention(backend, 4, 64, true, new int[][] {{1, 300}, {1, 7}, {1, 1}}, false);
    attention(backend, 1, 64, true, new int[][] {{3, 300}}, true);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void attentionIsUniformWhereEveryKeyIsMasked(String backend) {
    Samples samples = new Samples(arena, 9);
    Tensor x = samples.tensor(1, 5, 3 * 8);
    int[] offsets = {0, 5};
    AttentionLayout layout = AttentionLayout.self(1, 8, false, offsets, new byte[5]);
    compare(
        backend,
        1e-6,
        (b, c) -> {
          Matrix qkv = c.upload(x);
          Matrix out = Samples.poisoned(c, 5, 8);
          Matrix probabilities = Samples.poisoned(c, 5, 5);
          c.attention(layout, qkv, 0, qkv, 8, qkv, 16, out, probabilities);
          return List.of(out, probabilities);
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aMaskedSequenceAmongOthersIsUniformToo(String backend) {
    int[] offsets = {0, 40, 73, 137};
    byte[] mask = new Samples(arena, 11).mask(137);
    Arrays.fill(mask, 40, 73, (byte) 0);
    Arrays.fill(mask, 0, 9, (byte) 0);
    for (boolean causal : new boolean[] {false, true}) {
      Tensor x = new Samples(arena, 12).tensor(1, 137, 3 * 32);
      AttentionLayout layout = AttentionLayout.self(2, 16, causal, offsets, mask);
      compare(
          backend,
          1e-5,
          (b, c) -> {
            Matrix qkv = c.upload(x);
            Matrix out = Samples.poisoned(c, 137, 32);
            c.attention(layout, qkv, 0, qkv, 32, qkv, 64, out, null);
            return List.of(out);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aNumberThatIsNoneStaysNone(String backend) {
    Tensor x = Tensor.allocate(arena, DType.F32, Shape.of(40, 1));
    for (int i = 0; i < 40; i++) {
      x.setFloat(i, i % 2 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
    }
    Tensor one = Tensor.ofFloats(arena, Shape.of(1, 1), 1f);
    try (Backend b = Backends.open(backend, TestBackends.options());
        Computation c = b.begin()) {
      for (Activation activation : Activation.values()) {
        Matrix out = c.matrix(40, 1);
        c.linear(c.upload(x), b.linear(List.of(one), nullable(one(0))), activation, null, out);
        float[] values = Samples.read(c, out);
        float limit =
            switch (activation) {
              case TANH, SIGMOID, LAPLACE -> 1;
              case RELU6 -> 6;
              case GELU_10 -> 10;
              default -> Float.POSITIVE_INFINITY;
            };
        for (int i = 0; i < 40; i++) {
          assertEquals(
              i % 2 == 0 ? Float.NaN : limit,
              values[i],
              TestBackends.limitTolerance(backend),
              activation + " of " + i);
        }
      }
      Matrix loss = c.matrix(1, 1);
      c.crossEntropy(c.upload(x.reshape(Shape.of(1, 40))), new int[] {1}, loss);
      assertTrue(Float.isNaN(Samples.read(c, loss)[0]));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void useAfterCloseIsRefused(String backend) {
    Backend b = Backends.open(backend, TestBackends.options());
    Computation c = b.begin();
    c.close();
    c.close();
    assertThrows(IllegalStateException.class, () -> c.matrix(1, 1));
    b.close();
    b.close();
    assertThrows(IllegalStateException.class, b::begin);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void wrongShapesAreNamed(String backend) {
    Tensor weight = new Samples(arena, 1).tensor(1, 4, 3);
    try (Backend b = Backends.open(backend, TestBackends.options());
        Computation c = b.begin()) {
      Backend.Linear layer = b.linear(List.of(weight), nullable(one(0)));
      Matrix x = c.matrix(2, 5);
      Matrix out = c.matrix(2, 4);
      IllegalArgumentException refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> c.linear(x, layer, Activation.IDENTITY, null, out));
      assertEquals("x is [2, 5], [2, 3] is needed", refusal.getMessage());
    }
  }
}
