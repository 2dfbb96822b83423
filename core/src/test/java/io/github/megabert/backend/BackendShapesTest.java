package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

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
      compare(
          threads,
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

  private static float[] run(String name, int threads, Operation operation) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(threads));
        Computation computation = backend.begin()) {
      return operation.apply(backend, computation);
    }
  }
}
