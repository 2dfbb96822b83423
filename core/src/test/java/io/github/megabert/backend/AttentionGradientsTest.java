// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds attention in training, which is dropout on the probabilities and the adjoint, against the
 * scalar backend's. Gradients hold numbers before, to which is added, in columns and rows of no
 * head or sequence too.
 */
class AttentionGradientsTest {
  private static final @Nullable Dropout NONE = null;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void freeOperands() {
    arena.close();
  }

  static Stream<String> backends() {
    return Samples.backends().stream();
  }

  /** One case: sequences of {queries, keys}. */
  private record Case(
      int heads,
      int headDim,
      boolean causal,
      int[][] lengths,
      boolean masked,
      @Nullable Dropout dropout) {

    Case(int heads, int headDim, boolean causal, int[][] lengths, boolean masked) {
      this(heads, headDim, causal, lengths, masked, NONE);
    }

    Case with(Dropout other) {
      return new Case(heads, headDim, causal, lengths, masked, other);
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d heads × %d, causal %b, lengths %s, masked %b, dropout %s",
          heads,
          headDim,
          causal,
          Arrays.deepToString(lengths),
          masked,
          dropout);
    }
  }

  private static Dropout dropout(double probability, long position) {
    return new Dropout(new DropoutMask(0x123456789abcdefL, 7, 0x301, probability), position);
  }

  /** Output, probabilities and the three gradients of a case. */
  private List<float[]> results(String backendName, int threads, Case wanted) {
    Samples samples = new Samples(arena, wanted.heads * 100L + wanted.headDim);
    int sequences = wanted.lengths.length;
    int[] queryStart = new int[sequences];
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    // Rows before, between and after the sequences belong to nobody.
    int queryRows = 1;
    int keyRows = 2;
    for (int b = 0; b < sequences; b++) {
      queryStart[b] = queryRows;
      queryLength[b] = wanted.lengths[b][0];
      keyStart[b] = keyRows;
      keyLength[b] = wanted.lengths[b][1];
      queryRows += queryLength[b] + 1;
      keyRows += keyLength[b] + 1;
    }
    byte[] mask = wanted.masked ? samples.mask(keyRows) : null;
    AttentionLayout layout =
        new AttentionLayout(
            wanted.heads,
            wanted.headDim,
            wanted.causal,
            queryStart,
            queryLength,
            keyStart,
            keyLength,
            mask);
    int width = wanted.heads * wanted.headDim;
    Tensor queries = samples.tensor(0.5, queryRows, width + 3);
    Tensor keysAndValues = samples.tensor(0.5, keyRows, 2 * width + 5);
    Tensor dOut = samples.tensor(1, queryRows, width);
    Tensor before = samples.tensor(1, queryRows, width);
    Tensor dQueries = samples.tensor(1, queryRows, width + 3);
    Tensor dKeysAndValues = samples.tensor(1, keyRows, 2 * width + 5);
    int count = Math.toIntExact(layout.probabilityCount());
    try (Backend backend = Backends.open(backendName, TestBackends.options().withThreads(threads));
        Computation c = backend.begin()) {
      Matrix q = c.upload(queries);
      Matrix kv = c.upload(keysAndValues);
      Matrix out = c.upload(before);
      Matrix probabilities = Samples.poisoned(c, 1, count);
      int valueColumn = width + 3;
      c.attention(layout, q, 2, kv, 1, kv, valueColumn, wanted.dropout, out, probabilities);
      Matrix again = c.upload(before);
      c.attention(layout, q, 2, kv, 1, kv, valueColumn, wanted.dropout, again, null);
      Matrix dQ = c.upload(dQueries);
      Matrix dKv = c.upload(dKeysAndValues);
      Matrix dO = c.upload(dOut);
      c.gradients()
          .attention(layout, q, 2, kv, 1, kv, valueColumn, wanted.dropout, out, dO, dQ, dKv, dKv);
      List<float[]> results = new ArrayList<>();
      for (Matrix matrix : List.of(out, again, probabilities, dQ, dKv)) {
        results.add(Samples.read(c, matrix));
      }
      return results;
    }
  }

  private void compare(String backend, Case wanted) {
    List<float[]> expected = results("scalar", 1, wanted);
    List<float[]> first = null;
    for (int threads : TestBackends.threadCounts(backend)) {
      List<float[]> actual = results(backend, threads, wanted);
      for (int i = 0; i < expected.size(); i++) {
        assertClose(expected.get(i), actual.get(i), wanted + ", result " + i);
        if (first != null) {
          assertArrayEquals(first.get(i), actual.get(i), 0f, "threads change the result");
        }
      }
      first = actual;
    }
  }

  /** Absolutely for numbers up to 1, relative to the largest for gradients that are sums. */
  private static void assertClose(float[] expected, float[] actual, String name) {
    float largest = 1;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    float bound = (float) TestBackends.relativeBound() * largest;
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], bound, name + ", element " + i);
    }
  }

  private void compareAll(String backend, Case wanted) {
    compare(backend, wanted);
    compare(backend, wanted.with(dropout(0.3, 0)));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anyNumberOfQueriesAndKeys(String backend) {
    int[][] lengths = {{1, 1}, {2, 2}, {7, 7}, {33, 33}, {130, 130}, {1, 130}, {7, 33}, {33, 97}};
    TestBackends.cases(backend, lengths)
        .forEach(
            pair -> {
              compareAll(backend, new Case(2, 16, false, new int[][] {pair}, false));
              compareAll(backend, new Case(1, 16, true, new int[][] {pair}, true));
            });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void moreQueriesThanKeys(String backend) {
    compareAll(backend, new Case(2, 16, false, new int[][] {{130, 7}, {33, 1}, {2, 33}}, true));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anyHeadSize(String backend) {
    TestBackends.sizes(backend, new int[] {80, 3, 4, 16, 33, 64, 1})
        .forEach(
            headDim ->
                compareAll(
                    backend, new Case(3, headDim, false, new int[][] {{5, 9}, {1, 33}}, true)));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void raggedBatches(String backend) {
    int[][] lengths = {{17, 17}, {1, 1}, {130, 130}, {64, 64}, {2, 2}, {49, 49}};
    for (boolean causal : new boolean[] {false, true}) {
      compareAll(backend, new Case(4, 16, causal, lengths, causal));
    }
  }

  /** More keys than a block of inputs of a product, and several blocks of queries. */
  @ParameterizedTest
  @MethodSource("backends")
  void longSequences(String backend) {
    compareAll(backend, new Case(1, 4, true, new int[][] {{70, 1100}}, false));
    compareAll(backend, new Case(1, 4, false, new int[][] {{300, 300}}, true));
  }

  /** Columns of a head that are more than a block of inputs. */
  @ParameterizedTest
  @MethodSource("backends")
  void oneWideHead(String backend) {
    compare(backend, new Case(1, 1030, false, new int[][] {{3, 5}}, false));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void masksAreThoseOfTheirPositions(String backend) {
    Case wanted = new Case(2, 8, false, new int[][] {{5, 7}, {9, 66}}, false);
    for (long position : new long[] {1, 2, 3, (1L << 34) - 5, (3L << 40) + 1}) {
      compare(backend, wanted.with(dropout(0.5, position)));
    }
    compare(backend, wanted.with(dropout(0, 0)));
    compare(backend, wanted.with(dropout(1 - 0x1p-40, 0)));
  }

  /** A sequence without an unmasked key attends to all alike, and so do its gradients. */
  @ParameterizedTest
  @MethodSource("backends")
  void allKeysMasked(String backend) {
    Tensor x = new Samples(arena, 12).tensor(1, 137, 3 * 32);
    Tensor upstream = new Samples(arena, 13).tensor(1, 137, 32);
    int[] offsets = {0, 40, 73, 137};
    byte[] mask = new Samples(arena, 11).mask(137);
    Arrays.fill(mask, 40, 73, (byte) 0);
    for (boolean causal : new boolean[] {false, true}) {
      AttentionLayout layout = AttentionLayout.self(2, 16, causal, offsets, mask);
      float[] expected = selfGradients("scalar", layout, x, upstream);
      assertClose(expected, selfGradients(backend, layout, x, upstream), "causal " + causal);
    }
  }

  /** Two sequences of queries over the same keys: both add to the keys' gradients. */
  @ParameterizedTest
  @MethodSource("backends")
  void sharedKeys(String backend) {
    Tensor x = new Samples(arena, 14).tensor(1, 60, 3 * 32);
    Tensor upstream = new Samples(arena, 15).tensor(1, 60, 32);
    int[] queryStart = {0, 30};
    int[] queryLength = {30, 30};
    int[] keyStart = {10, 10};
    int[] keyLength = {35, 35};
    AttentionLayout layout =
        new AttentionLayout(2, 16, false, queryStart, queryLength, keyStart, keyLength, null);
    float[] expected = selfGradients("scalar", layout, x, upstream);
    assertClose(expected, selfGradients(backend, layout, x, upstream), "shared");
  }

  private static float[] selfGradients(
      String backendName, AttentionLayout layout, Tensor x, Tensor upstream) {
    try (Backend backend = Backends.open(backendName, TestBackends.options().withThreads(2));
        Computation c = backend.begin()) {
      int rows = x.shape().intExtent(0);
      Matrix qkv = c.upload(x);
      Matrix dOut = c.upload(upstream);
      Matrix out = c.matrix(rows, 32);
      Matrix gradient = c.matrix(rows, 96);
      c.gradients().clear(gradient);
      c.attention(layout, qkv, 0, qkv, 32, qkv, 64, out, null);
      c.gradients()
          .attention(
              layout, qkv, 0, qkv, 32, qkv, 64, null, out, dOut, gradient, gradient, gradient);
      return Samples.read(c, gradient);
    }
  }
}
