// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds the products of training against the scalar backend: a trainable layer, the gradient of its
 * input and those of its parameters, on sizes around those of vectors, tiles, panels and blocks.
 */
class LinearGradientsTest {
  /** Rows, outputs and inputs. */
  private static final int[][] SHAPES = {
    {1, 1, 1},
    {1, 2, 33},
    {2, 3, 5},
    {3, 1, 64},
    {4, 37, 31},
    {5, 33, 32},
    {7, 65, 17},
    {8, 12, 127},
    {13, 257, 99},
    {63, 64, 65},
    {65, 31, 300},
    {127, 130, 67},
    {132, 1025, 33},
    {300, 19, 129},
    {1031, 35, 37},
    {1100, 7, 70},
    {70, 1100, 40},
    {11, 2051, 1027},
  };

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void freeOperands() {
    arena.close();
  }

  static Stream<String> backends() {
    return Samples.backends().stream();
  }

  /** The forward product, the gradient of x twice, then those of weight and bias. */
  private List<float[]> results(String name, int threads, int rows, int outputs, int inputs) {
    Samples samples = new Samples(arena, rows * 31L + inputs * 7L + outputs);
    BackendOptions options = BackendOptions.DEFAULT.withThreads(threads);
    try (Backend backend = Backends.open(name, options);
        Computation c = backend.begin();
        ResidentMatrix weight = resident(backend, c, samples.tensor(1, outputs, inputs));
        ResidentMatrix bias = resident(backend, c, samples.tensor(1, 1, outputs));
        ResidentMatrix dWeight = resident(backend, c, samples.tensor(1, outputs, inputs));
        ResidentMatrix dBias = resident(backend, c, samples.tensor(1, 1, outputs))) {
      Backend.Linear linear = backend.linear(weight, bias);
      Matrix x = c.upload(samples.tensor(1, rows, inputs));
      Matrix dOut = c.upload(samples.tensor(1, rows, outputs));
      Matrix sum = c.upload(samples.tensor(1, rows, inputs));
      Matrix out = Samples.poisoned(c, rows, outputs);
      c.linear(x, linear, Activation.IDENTITY, null, out);
      c.linear(x, linear, Activation.IDENTITY, out, out);
      Matrix dX = Samples.poisoned(c, rows, inputs);
      c.gradients().linearInput(dOut, linear, false, dX);
      c.gradients().linearInput(dOut, linear, true, sum);
      c.gradients().linearParameters(dOut, x, dWeight, null);
      c.gradients().linearParameters(dOut, x, null, dBias);
      c.gradients().linearParameters(dOut, x, dWeight, dBias);
      List<float[]> results = new ArrayList<>();
      for (Matrix matrix : List.of(out, dX, sum, dWeight, dBias)) {
        results.add(Samples.read(c, matrix));
      }
      return results;
    }
  }

  private static ResidentMatrix resident(Backend backend, Computation c, Tensor values) {
    int rows = values.shape().intExtent(0);
    ResidentMatrix matrix = backend.resident(rows, values.shape().intExtent(1));
    c.scatterRows(c.upload(values), 0, IntStream.range(0, rows).toArray(), matrix);
    return matrix;
  }

  /** Rounding grows with the square root of the number of terms, for terms of either sign. */
  private static float tolerance(int terms) {
    return (float) (8e-6 * (4 + Math.sqrt(terms)));
  }

  private void check(String backend, int rows, int outputs, int inputs) {
    List<float[]> expected = results("scalar", 1, rows, outputs, inputs);
    @Nullable List<float[]> first = null;
    for (int threads : TestBackends.threadCounts(backend)) {
      List<float[]> actual = results(backend, threads, rows, outputs, inputs);
      String where = rows + " rows, " + outputs + " outputs, " + inputs + " inputs: result ";
      int[] terms = {inputs, outputs, outputs, 2 * rows, 2 * rows};
      for (int i = 0; i < terms.length; i++) {
        assertArrayEquals(expected.get(i), actual.get(i), tolerance(terms[i]), where + i);
        if (first != null) {
          assertArrayEquals(first.get(i), actual.get(i), 0f, where + i + " with more threads");
        }
      }
      first = actual;
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void gradientsAgreeWithTheScalarOnes(String backend) {
    TestBackends.cases(backend, SHAPES).forEach(s -> check(backend, s[0], s[1], s[2]));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void gradientsWithEveryHeightOfTile(String backend) {
    TestBackends.sizes(backend, IntStream.rangeClosed(1, 27).toArray())
        .forEach(count -> check(backend, count, 28 - count, 19));
  }

  /** A bias is added up on the way to the weight's gradient, or alone. */
  @ParameterizedTest
  @MethodSource("backends")
  void aBiasHasTheSameBitsWithAndWithoutItsWeight(String name) {
    for (int rows : new int[] {1, 63, 64, 65, 1025, 4097}) {
      Samples samples = new Samples(arena, rows);
      try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(2));
          Computation c = backend.begin();
          ResidentMatrix dWeight = resident(backend, c, samples.tensor(1, 257, 3));
          ResidentMatrix together = resident(backend, c, matrix(1, 257, new float[257]));
          ResidentMatrix alone = resident(backend, c, matrix(1, 257, new float[257]))) {
        Matrix x = c.upload(samples.tensor(1, rows, 3));
        Matrix dOut = c.upload(samples.tensor(1, rows, 257));
        c.gradients().linearParameters(dOut, x, dWeight, together);
        c.gradients().linearParameters(dOut, x, null, alone);
        assertArrayEquals(Samples.read(c, alone), Samples.read(c, together), rows + " rows");
      }
    }
  }

  /** Of 4096 terms and more a product is several. */
  @ParameterizedTest
  @MethodSource("backends")
  void productsOfManyTerms(String backend) {
    check(backend, 5, 4130, 33);
    check(backend, 4130, 5, 33);
  }

  /** A layer that rounds its weights is one whose weights are rounded already. */
  @ParameterizedTest
  @ValueSource(strings = {"scalar", "vector"})
  void weightsAreRoundedOnTheWay(String name) {
    for (int[] shape : SHAPES) {
      Samples samples = new Samples(arena, shape[0]);
      Tensor weight = samples.tensor(1, shape[1], shape[2]);
      Tensor x = samples.tensor(1, shape[0], shape[2]);
      Tensor dOut = samples.tensor(1, shape[0], shape[1]);
      Tensor rounded = weight.to(DType.BF16, arena).to(DType.F32, arena);
      List<float[]> expected = products(name, Precision.F32, rounded, x, dOut);
      List<float[]> actual = products(name, Precision.BF16, weight, x, dOut);
      assertArrayEquals(expected.get(0), actual.get(0));
      assertArrayEquals(expected.get(1), actual.get(1));
    }
  }

  /** x·Wᵀ and dOut·W. */
  private static List<float[]> products(
      String name, Precision precision, Tensor values, Tensor x, Tensor dOut) {
    BackendOptions options = BackendOptions.DEFAULT.withThreads(2).withPrecision(precision);
    int outputs = values.shape().intExtent(0);
    try (Backend backend = Backends.open(name, options);
        Computation c = backend.begin();
        ResidentMatrix weight = resident(backend, c, values);
        ResidentMatrix bias = backend.resident(1, outputs)) {
      Backend.Linear linear = backend.linear(weight, bias);
      Matrix out = Samples.poisoned(c, x.shape().intExtent(0), outputs);
      c.linear(c.upload(x), linear, Activation.IDENTITY, null, out);
      Matrix dX = Samples.poisoned(c, x.shape().intExtent(0), values.shape().intExtent(1));
      c.gradients().linearInput(c.upload(dOut), linear, false, dX);
      return List.of(Samples.read(c, out), Samples.read(c, dX));
    }
  }

  /** The bytes of a sum are its terms': 3 of them, small whole numbers, so nothing is rounded. */
  @ParameterizedTest
  @MethodSource("backends")
  void gradientsOfSmallNumbersAreExact(String name) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(2));
        Computation c = backend.begin();
        ResidentMatrix weight = resident(backend, c, matrix(2, 3, 1, 2, 3, 4, 5, 6));
        ResidentMatrix bias = backend.resident(1, 2);
        ResidentMatrix dWeight = resident(backend, c, matrix(2, 3, 100, 0, 0, 0, 0, 0));
        ResidentMatrix dBias = resident(backend, c, matrix(1, 2, 0, 100))) {
      Matrix x = c.upload(matrix(3, 3, 1, 0, 2, 0, 1, 0, 3, 1, 1));
      Matrix dOut = c.upload(matrix(3, 2, 1, 0, 0, 2, -1, 1));
      Matrix dX = Samples.poisoned(c, 3, 3);
      c.gradients().linearInput(dOut, backend.linear(weight, bias), false, dX);
      c.gradients().linearParameters(dOut, x, dWeight, dBias);
      assertArrayEquals(new float[] {1, 2, 3, 8, 10, 12, 3, 3, 3}, Samples.read(c, dX));
      assertArrayEquals(new float[] {98, -1, 1, 3, 3, 1}, Samples.read(c, dWeight));
      assertArrayEquals(new float[] {0, 103}, Samples.read(c, dBias));
    }
  }

  private Tensor matrix(int rows, int columns, float... values) {
    return Tensor.ofFloats(arena, Shape.of(rows, columns), values);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void shapesThatDoNotFitAreRefused(String name) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(1));
        Computation c = backend.begin();
        ResidentMatrix weight = backend.resident(2, 3);
        ResidentMatrix bias = backend.resident(1, 2)) {
      Backend.Linear linear = backend.linear(weight, bias);
      Matrix dOut = c.matrix(4, 2);
      refused("dX is [4, 2], [4, 3] is needed", () -> input(c, dOut, linear, c.matrix(4, 2)));
      refused("dOut is [4, 3], [4, 2] is needed", () -> input(c, c.matrix(4, 3), linear, dOut));
      refused(
          "x is [5, 3], [4, 3] is needed", () -> parameters(c, dOut, c.matrix(5, 3), weight, bias));
      refused(
          "dWeight is [1, 2], [2, 3] is needed",
          () -> parameters(c, dOut, c.matrix(4, 3), bias, bias));
      refused(
          "dBias is [2, 3], 2 elements are needed",
          () -> parameters(c, dOut, c.matrix(4, 3), weight, weight));
    }
  }

  private static void input(Computation c, Matrix dOut, Backend.Linear linear, Matrix dX) {
    c.gradients().linearInput(dOut, linear, false, dX);
  }

  private static void parameters(Computation c, Matrix dOut, Matrix x, Matrix dW, Matrix dB) {
    c.gradients().linearParameters(dOut, x, dW, dB);
  }

  private static void refused(String message, Runnable operation) {
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, operation::run).getMessage());
  }
}
