package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The two operations with the most edges, on random shapes. */
class BackendShapesTest {
  @Property(tries = 60)
  void linearOfAnyShape(
      @ForAll @IntRange(min = 1, max = 90) int rows,
      @ForAll @IntRange(min = 1, max = 1200) int inputs,
      @ForAll @IntRange(min = 1, max = 150) int outputs,
      @ForAll @IntRange(min = 1, max = 4) int threads,
      @ForAll Activation activation,
      @ForAll boolean added) {
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

  @Property(tries = 60)
  void attentionOfAnyShape(
      @ForAll @IntRange(min = 1, max = 5) int heads,
      @ForAll @IntRange(min = 1, max = 70) int headDim,
      @ForAll @IntRange(min = 1, max = 120) int queries,
      @ForAll @IntRange(min = 0, max = 120) int earlier,
      @ForAll @IntRange(min = 1, max = 4) int threads,
      @ForAll boolean causal,
      @ForAll boolean masked) {
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
