// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every operation against the scalar backend, on the first device that TornadoVM finds, be it a CPU
 * with an OpenCL driver. Inputs are random, outputs hold NaN before.
 */
class OperationsTest {
  private static final double TOLERANCE = TestedPrecision.relativeBound();
  private static final Arena ARENA = Arena.ofShared();
  private static @Nullable Backend tested;
  private static @Nullable Backend oracle;

  private final Random random = new Random(20261124);

  @BeforeAll
  static void open() {
    try {
      tested = new TornadoBackendProvider().open(TestedPrecision.options());
    } catch (UnsupportedOperationException missing) {
      assumeTrue(false, "no device to test on: " + missing.getMessage());
    }
    oracle = Backends.open("scalar", BackendOptions.DEFAULT);
  }

  @AfterAll
  static void close() {
    if (tested != null) {
      tested.close();
    }
    ARENA.close();
  }

  private Tensor tensor(long... extents) {
    Tensor tensor = Tensor.allocate(ARENA, DType.F32, Shape.of(extents));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, TestedPrecision.representable(random.nextGaussian()));
    }
    return tensor;
  }

  private static Tensor poison(long rows, long columns) {
    Tensor tensor = Tensor.allocate(ARENA, DType.F32, Shape.of(rows, columns));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, Float.NaN);
    }
    return tensor;
  }

  private int[] indices(int count, int bound) {
    return random.ints(count, 0, bound).toArray();
  }

  /** Runs the operations on both backends; every matrix returned agrees in relative L2. */
  private static void agree(BiFunction<Backend, Computation, List<Matrix>> operations) {
    List<float[]> expected = run(oracle, operations);
    List<float[]> actual = run(tested, operations);
    for (int m = 0; m < expected.size(); m++) {
      double difference = 0;
      double norm = 0;
      for (int i = 0; i < expected.get(m).length; i++) {
        float want = expected.get(m)[i];
        double d = (double) actual.get(m)[i] - want;
        assertTrue(Double.isFinite(d), "matrix " + m + ", element " + i + ": " + actual.get(m)[i]);
        difference += d * d;
        norm += (double) want * want;
      }
      double error = Math.sqrt(difference / Math.max(norm, 1e-30));
      assertTrue(error <= TOLERANCE, "matrix " + m + ": relative error " + error);
    }
  }

  private static List<float[]> run(
      Backend backend, BiFunction<Backend, Computation, List<Matrix>> operations) {
    try (Computation computation = backend.begin()) {
      List<float[]> results = new ArrayList<>();
      for (Matrix matrix : operations.apply(backend, computation)) {
        results.add(read(computation, matrix));
      }
      return results;
    }
  }

  private static float[] read(Computation computation, Matrix matrix) {
    Tensor copy =
        Tensor.allocate(ARENA, DType.F32, Shape.of((long) matrix.rows() * matrix.columns()));
    computation.read(matrix, copy.segment());
    return copy.toFloatArray();
  }

  @Test
  void embeddingsAreSummed() {
    Tensor words = tensor(50, 37);
    Tensor types = tensor(2, 37);
    Tensor positions = tensor(33, 37);
    int[] ids = indices(33, 50);
    ids[5] = -1;
    ids[20] = -25;
    int[] kinds = indices(33, 2);
    int[] places = indices(33, 33);
    Tensor given = tensor(33, 37);
    agree(
        (backend, c) -> {
          Backend.Parameter w = backend.parameter(words);
          Backend.Parameter t = backend.parameter(types);
          Backend.Parameter p = backend.parameter(positions);
          Matrix out = c.upload(poison(33, 37));
          c.embed(ids, kinds, places, w, t, p, out);
          Matrix added = c.upload(given);
          c.embed(null, kinds, places, w, t, p, added);
          return List.of(out, added);
        });
  }

  @Test
  void layerNormOfAnyWidthAlsoInPlace() {
    for (int columns : new int[] {2, 33, 129, 1024}) {
      Tensor x = tensor(9, columns);
      Tensor weight = tensor(columns);
      Tensor bias = tensor(columns);
      agree(
          (backend, c) -> {
            Matrix out = c.upload(poison(9, columns));
            Backend.Parameter w = backend.parameter(weight);
            Backend.Parameter b = backend.parameter(bias);
            Matrix in = c.upload(x);
            c.layerNorm(in, w, b, 1e-12f, out);
            c.layerNorm(in, w, b, 1e-5f, in);
            return List.of(out, in);
          });
    }
  }

  @Test
  void layerNormOfEqualNumbersIsItsBiasExactly() {
    for (int columns : new int[] {2, 33, 96, 1000, 1024, 2048}) {
      Tensor x = tensor(3, columns);
      for (int row = 0; row < 3; row++) {
        for (int i = 0; i < columns; i++) {
          x.setFloat(
              (long) row * columns + i, TestedPrecision.representable(row * 12.345678 - 0.1));
        }
      }
      Tensor bias = tensor(columns);
      Tensor weight = tensor(columns);
      try (Computation c = tested.begin()) {
        Matrix out = c.upload(poison(3, columns));
        c.layerNorm(c.upload(x), tested.parameter(weight), tested.parameter(bias), 1e-12f, out);
        float[] values = read(c, out);
        for (int i = 0; i < values.length; i++) {
          assertEquals(bias.getFloat(i % columns), values[i], columns + " columns, element " + i);
        }
      }
    }
  }

  @Test
  void linearOfAwkwardShapesWithEveryResidual() {
    for (int[] shape : new int[][] {{1, 1, 1}, {17, 33, 65}, {64, 16, 64}, {65, 100, 130}}) {
      int rows = shape[0];
      int inputs = shape[1];
      int outputs = shape[2];
      Tensor x = tensor(rows, inputs);
      Tensor weight = tensor(outputs, inputs);
      Tensor bias = tensor(outputs);
      Tensor residual = tensor(rows, outputs);
      agree(
          (backend, c) -> {
            Backend.Linear dense = backend.linear(List.of(weight), List.of(bias));
            Matrix in = c.upload(x);
            Matrix plain = c.upload(poison(rows, outputs));
            c.linear(in, dense, Activation.IDENTITY, null, plain);
            Matrix added = c.upload(poison(rows, outputs));
            c.linear(in, dense, Activation.IDENTITY, c.upload(residual), added);
            Matrix inPlace = c.upload(residual);
            c.linear(in, dense, Activation.GELU, inPlace, inPlace);
            return List.of(plain, added, inPlace);
          });
    }
  }

  @Test
  void stackedLinearLayersWithoutSomeBias() {
    Tensor x = tensor(5, 24);
    List<Tensor> weights = List.of(tensor(7, 24), tensor(9, 24));
    List<@Nullable Tensor> biases = new ArrayList<>();
    biases.add(null);
    biases.add(tensor(9));
    agree(
        (backend, c) -> {
          Matrix out = c.upload(poison(5, 16));
          c.linear(c.upload(x), backend.linear(weights, biases), Activation.IDENTITY, null, out);
          return List.of(out);
        });
  }

  @Test
  void everyActivation() {
    Tensor x = tensor(2000, 1);
    for (long i = 0; i < x.elements(); i++) {
      x.setFloat(i, 4 * x.getFloat(i));
    }
    Tensor one = Tensor.ofFloats(ARENA, Shape.of(1, 1), 1f);
    Tensor zero = Tensor.ofFloats(ARENA, Shape.of(1), 0f);
    agree(
        (backend, c) -> {
          Backend.Linear identity = backend.linear(List.of(one), List.of(zero));
          List<Matrix> results = new ArrayList<>();
          for (Activation activation : Activation.values()) {
            Matrix out = c.upload(poison(2000, 1));
            c.linear(c.upload(x), identity, activation, null, out);
            results.add(out);
          }
          return results;
        });
  }

  private void attentionAgrees(
      int headDim, boolean causal, int[][] lengths, boolean masked, boolean stored) {
    attentionAgrees(headDim, causal, lengths, masked, stored, 1);
  }

  /** With queries, keys and values that begin at, and rows that are longer by, such columns. */
  private void attentionAgrees(
      int headDim, boolean causal, int[][] lengths, boolean masked, boolean stored, int odd) {
    int heads = 3;
    int[] queryStart = new int[lengths.length];
    int[] queryLength = new int[lengths.length];
    int[] keyStart = new int[lengths.length];
    int[] keyLength = new int[lengths.length];
    // Rows before, between and after the sequences belong to nobody.
    int queryRows = 1;
    int keyRows = 2;
    for (int b = 0; b < lengths.length; b++) {
      queryStart[b] = queryRows;
      queryLength[b] = lengths[b][0];
      keyStart[b] = keyRows;
      keyLength[b] = lengths[b][1];
      queryRows += lengths[b][0] + 1;
      keyRows += lengths[b][1] + 1;
    }
    byte @Nullable [] mask = null;
    if (masked) {
      mask = new byte[keyRows];
      for (int i = 0; i < keyRows; i++) {
        mask[i] = (byte) (i % 7 == 0 || random.nextInt(3) > 0 ? 1 : 0);
      }
    }
    AttentionLayout layout =
        new AttentionLayout(
            heads, headDim, causal, queryStart, queryLength, keyStart, keyLength, mask);
    int width = heads * headDim;
    Tensor queries = tensor(queryRows, width + 2 + odd);
    Tensor keyValues = tensor(keyRows, 2 * width + 4 + odd);
    Tensor before = tensor(queryRows, width);
    agree(
        (backend, c) -> {
          Matrix q = c.upload(queries);
          Matrix kv = c.upload(keyValues);
          Matrix out = c.upload(before);
          List<Matrix> results = new ArrayList<>(List.of(out));
          Matrix probabilities = null;
          if (stored) {
            probabilities = c.upload(poison(1, layout.probabilityCount()));
            results.add(probabilities);
          }
          c.attention(layout, q, 2, kv, odd, kv, width + 2 + odd, out, probabilities);
          return results;
        });
  }

  @Test
  void attentionOverRaggedBatches() {
    int[][] lengths = {{17, 17}, {1, 1}, {130, 130}, {64, 64}, {33, 33}};
    for (boolean causal : new boolean[] {false, true}) {
      for (boolean masked : new boolean[] {false, true}) {
        attentionAgrees(64, causal, lengths, masked, false);
        attentionAgrees(16, causal, lengths, masked, true);
      }
    }
  }

  @Test
  void attentionOfAnyHeadSize() {
    for (int headDim : new int[] {1, 8, 17, 40, 80, 128}) {
      attentionAgrees(headDim, false, new int[][] {{5, 9}, {1, 33}}, true, false);
    }
  }

  @Test
  void attentionOfOneQueryOverManyKeys() {
    attentionAgrees(64, true, new int[][] {{1, 300}, {1, 7}, {3, 70}}, false, false);
  }

  /** Where all columns are even, a GPU may take two numbers at a time. */
  @Test
  void attentionOfShortSequencesInPairs() {
    int[][] lengths = {{17, 17}, {1, 1}, {31, 31}, {16, 16}};
    for (boolean causal : new boolean[] {false, true}) {
      for (boolean masked : new boolean[] {false, true}) {
        attentionAgrees(64, causal, lengths, masked, false, 2);
      }
    }
    attentionAgrees(40, false, new int[][] {{3, 70}, {1, 300}, {20, 130}}, true, false, 2);
    attentionAgrees(6, true, new int[][] {{2, 9}, {1, 129}}, false, false, 2);
  }

  @Test
  void attentionIsUniformWhereEveryKeyIsMasked() {
    Tensor x = tensor(5, 24);
    AttentionLayout layout = AttentionLayout.self(1, 8, false, new int[] {0, 5}, new byte[5]);
    agree(
        (backend, c) -> {
          Matrix qkv = c.upload(x);
          Matrix out = c.upload(poison(5, 8));
          c.attention(layout, qkv, 0, qkv, 8, qkv, 16, out, null);
          return List.of(out);
        });
  }

  /** Layers in one pass, every matrix of which is read at its end. */
  private void layersAgree(int headDim, int gap, byte @Nullable [] mask, int... lengths) {
    int hidden = 2 * headDim;
    int[] start = new int[lengths.length];
    int rows = 0;
    for (int b = 0; b < lengths.length; b++) {
      start[b] = rows;
      rows += lengths[b] + gap;
    }
    int tokens = rows;
    AttentionLayout layout =
        new AttentionLayout(2, headDim, false, start, lengths, start, lengths, mask);
    Tensor states = tensor(tokens, hidden);
    Tensor before = tensor(tokens, hidden);
    Tensor normWeight = tensor(hidden);
    Tensor normBias = tensor(hidden);
    List<Tensor> weights =
        List.of(
            small(3L * hidden, hidden),
            small(hidden, hidden),
            small(4L * hidden, hidden),
            small(hidden, 4L * hidden));
    List<Tensor> biases =
        List.of(tensor(3L * hidden), tensor(hidden), tensor(4L * hidden), tensor(hidden));
    agree(
        (backend, c) -> {
          Backend.Parameter weight = backend.parameter(normWeight);
          Backend.Parameter bias = backend.parameter(normBias);
          List<Backend.Linear> dense = new ArrayList<>();
          for (int i = 0; i < weights.size(); i++) {
            dense.add(backend.linear(List.of(weights.get(i)), List.of(biases.get(i))));
          }
          Matrix h = c.upload(states);
          Matrix normalised = c.upload(poison(tokens, hidden));
          Matrix queryKeyValue = c.upload(poison(tokens, 3L * hidden));
          Matrix context = c.upload(before);
          Matrix intermediate = c.upload(poison(tokens, 4L * hidden));
          for (int layer = 0; layer < 3; layer++) {
            c.layerNorm(h, weight, bias, 1e-12f, normalised);
            c.linear(normalised, dense.get(0), Activation.IDENTITY, null, queryKeyValue);
            c.attention(
                layout,
                queryKeyValue,
                0,
                queryKeyValue,
                hidden,
                queryKeyValue,
                2 * hidden,
                context,
                null);
            c.linear(context, dense.get(1), Activation.IDENTITY, h, h);
            c.layerNorm(h, weight, bias, 1e-12f, normalised);
            c.linear(normalised, dense.get(2), Activation.GELU, null, intermediate);
            c.linear(intermediate, dense.get(3), Activation.IDENTITY, h, h);
          }
          return List.of(h, normalised, queryKeyValue, context, intermediate);
        });
  }

  private Tensor small(long... extents) {
    Tensor tensor = tensor(extents);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, TestedPrecision.representable(0.05 * tensor.getFloat(i)));
    }
    return tensor;
  }

  @Test
  void layersInOnePass() {
    layersAgree(32, 0, null, 40, 40);
    byte[] mask = new byte[33 + 64 + 300 + 17];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = (byte) (i % 5 == 0 ? 0 : 1);
    }
    // Short and long sequences are computed apart.
    layersAgree(64, 0, mask, 33, 64, 300, 17);
    layersAgree(64, 2, null, 33, 64);
  }

  @Test
  void rowsAreGatheredAndScattered() {
    Tensor x = tensor(13, 20);
    Tensor before = tensor(20, 17);
    int[] from = indices(17, 13);
    int[] to = {3, 19, 0, 1, 7, 8, 9, 10, 11, 2, 4, 5, 6};
    agree(
        (backend, c) -> {
          Matrix gathered = c.upload(poison(17, 20));
          c.gatherRows(c.upload(x), from, gathered);
          Matrix scattered = c.upload(before);
          c.scatterRows(c.upload(x), 2, to, scattered);
          return List.of(gathered, scattered);
        });
  }

  @Test
  void crossEntropy() {
    for (int columns : new int[] {1, 31, 257, 3000}) {
      Tensor x = tensor(6, columns);
      int[] labels = indices(6, columns);
      labels[3] = -100;
      agree(
          (backend, c) -> {
            Matrix losses = c.upload(poison(6, 1));
            Matrix logits = c.upload(x);
            c.crossEntropy(logits, labels, losses);
            return List.of(losses);
          });
    }
  }

  @Test
  void residentMatricesOutliveComputationsAndBeginWithZeros() {
    Tensor x = tensor(4, 6);
    for (int round = 0; round < 2; round++) {
      try (ResidentMatrix cache = tested.resident(10, 6)) {
        try (Computation c = tested.begin()) {
          c.scatterRows(c.upload(x), 0, new int[] {9, 2, 3, 4}, cache);
          c.finish();
        }
        try (Computation c = tested.begin()) {
          float[] values = read(c, cache);
          assertEquals(x.getFloat(0), values[54]);
          assertEquals(x.getFloat(6), values[12]);
          assertEquals(0f, values[0]);
        }
      }
    }
  }

  @Test
  void aProgramIsReplayedWithNewInputs() {
    Tensor words = tensor(50, 32);
    Tensor zeros = Tensor.allocate(ARENA, DType.F32, Shape.of(64, 32));
    Backend.Parameter w = tested.parameter(words);
    Backend.Parameter z = tested.parameter(zeros);
    for (int rows : new int[] {20, 25, 31}) {
      int[] ids = indices(rows, 50);
      try (Computation c = tested.begin()) {
        Matrix out = c.matrix(rows, 32);
        c.embed(ids, new int[rows], new int[rows], w, z, z, out);
        float[] values = read(c, out);
        for (int i = 0; i < values.length; i++) {
          assertEquals(words.getFloat(ids[i / 32] * 32L + i % 32), values[i]);
        }
      }
    }
  }

  @Test
  void useAfterCloseAndForeignMatricesAreRefused() {
    Computation first = tested.begin();
    Matrix matrix = first.matrix(2, 2);
    try (Computation second = tested.begin()) {
      assertThrows(
          IllegalArgumentException.class,
          () -> second.gatherRows(matrix, new int[] {0, 1}, matrix));
    }
    first.close();
    first.close();
    assertThrows(IllegalStateException.class, () -> first.matrix(1, 1));
  }
}
