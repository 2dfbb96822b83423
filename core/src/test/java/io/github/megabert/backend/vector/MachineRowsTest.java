// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whole operations in machine code have the bits of plain loops. */
class MachineRowsTest {
  private static final BackendOptions OPTIONS = BackendOptions.DEFAULT.withThreads(2);

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  /** Otherwise plain loops would be compared with themselves. */
  @BeforeEach
  void requireMachineCode() {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    assumeTrue(MachineRows.get(Forms.WARMING) != null, "none for vectors of this width");
  }

  private Tensor tensor(Random random, DType dtype, double scale, long... extents) {
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(extents));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (random.nextGaussian() * scale));
    }
    return tensor;
  }

  private static void compare(BiFunction<Backend, Computation, Matrix> operation) {
    assertArrayEquals(run(Forms.PLAIN, operation), run(Forms.WARMING, operation));
  }

  private static byte[] run(Forms forms, BiFunction<Backend, Computation, Matrix> operation) {
    try (Backend backend = new VectorBackend(OPTIONS, forms);
        Computation computation = backend.begin();
        Arena result = Arena.ofConfined()) {
      Matrix out = operation.apply(backend, computation);
      MemorySegment bytes = result.allocate((long) out.rows() * out.columns() * 4, 4);
      computation.read(out, bytes);
      return bytes.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Test
  void linear() {
    RandomInput.check(25, this::linear);
  }

  private void linear(RandomInput input) {
    Random random = input.random();
    int rows = input.between(1, 150);
    // One block of inputs, or more than one: the second has a few or almost all.
    boolean isLong = input.between(0, 3) == 0;
    int inputs = isLong ? input.of(1024, 1025, 1040, 2047, 2100) : input.between(1, 70);
    int outputs = input.between(1, isLong ? 40 : 300);
    double scale = Math.exp(input.between(-3, 3));
    Activation[] activations = {Activation.IDENTITY, Activation.GELU, Activation.TANH};
    Activation activation = activations[input.between(0, 2)];
    boolean isAdded = input.flag();
    Tensor x = tensor(random, DType.F32, scale, rows, inputs);
    Tensor weight = tensor(random, DType.F32, 1, outputs, inputs);
    Tensor bias = tensor(random, DType.F32, 1, outputs);
    Tensor residual = tensor(random, DType.F32, 1, rows, outputs);
    compare(
        (backend, computation) -> {
          Backend.Linear linear = backend.linear(List.of(weight), Arrays.asList(bias));
          Matrix added = isAdded ? computation.upload(residual) : null;
          Matrix out = computation.matrix(rows, outputs);
          computation.linear(computation.upload(x), linear, activation, added, out);
          return out;
        });
  }

  @Test
  void layerNorm() {
    RandomInput.check(40, this::layerNorm);
  }

  private void layerNorm(RandomInput input) {
    Random random = input.random();
    int rows = input.between(1, 40);
    int columns = input.between(1, 300);
    Tensor x = tensor(random, DType.F32, Math.exp(input.between(-9, 9)), rows, columns);
    if (input.flag()) {
      for (int i = 0; i < columns; i++) {
        x.setFloat(i, 3.14159f); // a constant row, of which only rounding is left
      }
    }
    Tensor weight = tensor(random, DType.F32, 1, columns);
    Tensor bias = tensor(random, DType.F32, 1, columns);
    compare(
        (backend, computation) -> {
          Matrix out = computation.matrix(rows, columns);
          Backend.Parameter scale = backend.parameter(weight);
          Backend.Parameter shift = backend.parameter(bias);
          computation.layerNorm(computation.upload(x), scale, shift, 1e-12f, out);
          return out;
        });
  }

  @Test
  void embedding() {
    RandomInput.check(30, this::embedding);
  }

  private void embedding(RandomInput input) {
    Random random = input.random();
    int tokens = input.between(1, 40);
    int columns = input.flag() ? 16 * input.between(1, 9) : input.between(1, 99);
    DType[] dtypes = {DType.F32, DType.F16, DType.BF16};
    DType dtype = dtypes[input.between(0, 2)];
    Tensor words = tensor(random, dtype, 1, 50, columns);
    Tensor types = tensor(random, dtype, 1, 2, columns);
    Tensor positions = tensor(random, input.flag() ? dtype : DType.F32, 1, 60, columns);
    int[] ids = random.ints(tokens, -1, 50).toArray();
    int[] typeIds = random.ints(tokens, 0, 2).toArray();
    int[] positionIds = random.ints(tokens, 0, 60).toArray();
    compare(
        (backend, computation) -> {
          Matrix out = computation.matrix(tokens, columns);
          computation.embed(
              ids,
              typeIds,
              positionIds,
              backend.parameter(words),
              backend.parameter(types),
              backend.parameter(positions),
              out);
          return out;
        });
  }

  @Test
  void attention() {
    RandomInput.check(40, this::attention);
  }

  private void attention(RandomInput input) {
    Random random = input.random();
    int heads = input.between(1, 3);
    int headDim = input.flag() ? 64 : input.between(1, 70);
    int sequences = input.between(1, 4);
    int[] offsets = new int[sequences + 1];
    for (int b = 0; b < sequences; b++) {
      offsets[b + 1] = offsets[b] + (input.flag() ? input.between(1, 12) : input.between(1, 110));
    }
    int rows = offsets[sequences];
    byte[] mask = null;
    if (input.between(0, 3) == 0) {
      mask = new byte[rows];
      for (int i = 0; i < rows; i++) {
        mask[i] = (byte) (random.nextInt(4) == 0 ? 0 : 1);
      }
    }
    boolean causal = input.flag();
    AttentionLayout layout = AttentionLayout.self(heads, headDim, causal, offsets, mask);
    int width = heads * headDim;
    double scale = Math.exp(input.between(-2, 3));
    Tensor qkv = tensor(random, DType.F32, scale, rows, 3L * width);
    compare(
        (backend, computation) -> {
          Matrix all = computation.upload(qkv);
          Matrix out = computation.matrix(rows, width);
          computation.attention(layout, all, 0, all, width, all, 2 * width, null, out, null);
          return out;
        });
  }

  /** What is one call a sequence: heads of whole panels, no mask, few keys. */
  @Test
  void attentionOfShortSequences() {
    RandomInput.check(60, this::shortSequences);
  }

  private void shortSequences(RandomInput input) {
    Random random = input.random();
    int heads = input.between(1, 6);
    int headDim = 2 * Lanes.COUNT * input.between(1, 3);
    int sequences = input.between(1, 9);
    boolean isCross = input.flag();
    int[] queryStart = new int[sequences];
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    int queries = 0;
    int keys = 0;
    // One query sees all keys, even where none sees a later one.
    boolean causal = isCross && input.flag();
    for (int b = 0; b < sequences; b++) {
      queryStart[b] = queries;
      queryLength[b] = causal ? 1 : input.flag() ? input.between(0, 12) : input.between(1, 140);
      queries += queryLength[b];
      keyStart[b] = keys;
      keyLength[b] = isCross ? input.between(1, 140) : queryLength[b];
      keys += keyLength[b];
    }
    AttentionLayout layout =
        new AttentionLayout(
            heads, headDim, causal, queryStart, queryLength, keyStart, keyLength, null);
    int width = heads * headDim;
    double scale = Math.exp(input.between(-2, 3));
    Tensor q = tensor(random, DType.F32, scale, queries, 2L * width);
    Tensor kv = tensor(random, DType.F32, scale, keys, 2L * width);
    int rows = queries;
    compare(
        (backend, computation) -> {
          Matrix from = computation.upload(q);
          Matrix to = computation.upload(kv);
          Matrix out = computation.matrix(rows, width);
          computation.attention(layout, from, width, to, 0, to, width, null, out, null);
          return out;
        });
  }

  /** Sums over more than one block of keys are taken block by block, however few queries. */
  @Test
  void attentionOfAFewMoreKeysThanABlock() {
    RandomInput.check(4, this::aFewMoreKeysThanABlock);
  }

  private void aFewMoreKeysThanABlock(RandomInput input) {
    Random random = input.random();
    int width = 2 * Lanes.COUNT;
    int queries = input.between(9, 15);
    int keys = input.between(1025, 1040);
    int[] start = {0};
    AttentionLayout layout =
        new AttentionLayout(
            1, width, false, start, new int[] {queries}, start, new int[] {keys}, null);
    Tensor q = tensor(random, DType.F32, 1, queries, width);
    Tensor kv = tensor(random, DType.F32, 1, keys, 2L * width);
    compare(
        (backend, computation) -> {
          Matrix from = computation.upload(q);
          Matrix to = computation.upload(kv);
          Matrix out = computation.matrix(queries, width);
          computation.attention(layout, from, 0, to, 0, to, width, null, out, null);
          return out;
        });
  }
}
