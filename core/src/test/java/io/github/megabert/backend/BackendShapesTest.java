// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.tensor.Tensor;
import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The two operations with the most edges, on random shapes. */
class BackendShapesTest {
  @Test
  void linearOfAnyShape() {
    RandomInput.check(60, BackendShapesTest::linear);
  }

  private static void linear(RandomInput input) {
    int rows = input.between(1, 90);
    int inputs = input.between(1, 1200);
    int outputs = input.between(1, 150);
    int threads = input.between(1, 4);
    Activation activation = input.of(Activation.values());
    boolean added = input.flag();
    try (Arena arena = Arena.ofConfined()) {
      Samples samples = new Samples(arena, rows + 100L * inputs + 1_000_000L * outputs);
      Tensor x = samples.tensor(1, rows, inputs);
      Tensor weight = samples.tensor(1 / Math.sqrt(inputs), outputs, inputs);
      Tensor bias = samples.tensor(1, outputs);
      Tensor residual = samples.tensor(1, rows, outputs);
      float[] slopes = slopes(activation, x, weight, bias);
      compare(
          threads,
          slopes,
          (b, c) -> {
            Matrix out = Samples.poisoned(c, rows, outputs);
            c.linear(
                c.upload(x),
                b.linear(List.of(weight), Arrays.asList(bias)),
                activation,
                added ? c.upload(residual) : null,
                out);
            return Samples.read(c, out);
          });
    }
  }

  /**
   * By what an activation may enlarge the product's error: RELU2 alone has a slope, 2x, that grows
   * with its input. 1 elsewhere.
   */
  private static float[] slopes(Activation activation, Tensor x, Tensor weight, Tensor bias) {
    float[] slopes =
        run(
            "scalar",
            1,
            (b, c) -> {
              Matrix out = c.matrix(x.shape().intExtent(0), weight.shape().intExtent(0));
              Backend.Linear linear = b.linear(List.of(weight), Arrays.asList(bias));
              c.linear(c.upload(x), linear, Activation.IDENTITY, null, out);
              return Samples.read(c, out);
            });
    for (int i = 0; i < slopes.length; i++) {
      slopes[i] = activation == Activation.RELU2 ? Math.max(1, 2 * slopes[i]) : 1;
    }
    return slopes;
  }

  @Test
  void attentionOfAnyShape() {
    RandomInput.check(60, BackendShapesTest::attention);
  }

  private static void attention(RandomInput input) {
    int heads = input.between(1, 5);
    int headDim = input.between(1, 70);
    int queries = input.between(1, 120);
    int earlier = input.between(0, 120);
    int threads = input.between(1, 4);
    boolean causal = input.flag();
    boolean masked = input.flag();
    int keys = queries + earlier;
    int width = heads * headDim;
    try (Arena arena = Arena.ofConfined()) {
      Samples samples = new Samples(arena, heads + 10L * headDim + 1000L * keys);
      Tensor q = samples.tensor(1, queries, width);
      Tensor k = samples.tensor(1, keys, width);
      Tensor v = samples.tensor(1, keys, width);
      int[] zero = {0};
      AttentionLayout layout =
          new AttentionLayout(
              heads,
              headDim,
              causal,
              zero,
              new int[] {queries},
              zero,
              new int[] {keys},
              masked ? samples.mask(keys) : null);
      compare(
          threads,
          (b, c) -> {
            Matrix out = Samples.poisoned(c, queries, width);
            c.attention(layout, c.upload(q), 0, c.upload(k), 0, c.upload(v), 0, out, null);
            return Samples.read(c, out);
          });
    }
  }

  /** What to compute on a backend. */
  @FunctionalInterface
  private interface Operation {
    float[] apply(Backend backend, Computation computation);
  }

  private static void compare(int threads, Operation operation) {
    float[] expected = run("scalar", 1, operation);
    for (String backend : Samples.backends()) {
      assertArrayEquals(expected, run(backend, threads, operation), 1e-5f);
    }
  }

  /** As above, each element's bound times the slope that its error passed through. */
  private static void compare(int threads, float[] slopes, Operation operation) {
    float[] expected = run("scalar", 1, operation);
    for (String backend : Samples.backends()) {
      float[] actual = run(backend, threads, operation);
      assertEquals(expected.length, actual.length);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], 1e-5f * slopes[i], "element " + i);
      }
    }
  }

  private static float[] run(String name, int threads, Operation operation) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(threads));
        Computation computation = backend.begin()) {
      return operation.apply(backend, computation);
    }
  }
}
