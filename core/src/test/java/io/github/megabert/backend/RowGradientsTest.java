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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds what training does on rows and elements against the scalar backend, on sizes around those
 * of vectors and blocks: results are close to the oracle's, and the same to the bit on any number
 * of threads.
 */
class RowGradientsTest {
  /** Rows and columns. */
  private static final int[][] SHAPES = {
    {1, 1},
    {2, 3},
    {3, 4},
    {5, 7},
    {1, 16},
    {4, 17},
    {7, 31},
    {9, 33},
    {63, 64},
    {64, 65},
    {65, 63},
    {130, 127},
    {257, 129},
    {11, 1031},
    {40, 1000}
  };

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void freeOperands() {
    arena.close();
  }

  static Stream<String> backends() {
    return Samples.backends().stream();
  }

  /** Each backend with each shape. */
  static Stream<Arguments> shapes() {
    return backends()
        .flatMap(b -> TestBackends.cases(b, SHAPES).map(s -> Arguments.of(b, s[0], s[1])));
  }

  /** Each backend that keeps a forward pass in bfloat16, with each shape. */
  static Stream<Arguments> shapesOfProcessors() {
    return shapes().filter(a -> !TestBackends.isDevice((String) a.get()[0]));
  }

  /** An operation, and the matrices that it wrote. */
  private interface Operation {
    List<Matrix> run(Backend backend, Computation computation, Gradients gradients);
  }

  private static List<float[]> results(String name, int threads, Operation operation) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(threads));
        Computation computation = backend.begin()) {
      List<float[]> results = new ArrayList<>();
      for (Matrix matrix : operation.run(backend, computation, computation.gradients())) {
        results.add(Samples.read(computation, matrix));
      }
      return results;
    }
  }

  /** Compares with the oracle: within {@code tolerance} of the number, and of 1. */
  private static void compare(String backend, double tolerance, Operation operation) {
    List<float[]> expected = results("scalar", 1, operation);
    @Nullable List<float[]> first = null;
    for (int threads : TestBackends.threadCounts(backend)) {
      List<float[]> actual = results(backend, threads, operation);
      assertEquals(expected.size(), actual.size());
      for (int i = 0; i < expected.size(); i++) {
        assertClose(expected.get(i), actual.get(i), tolerance);
        if (first != null) {
          assertArrayEquals(first.get(i), actual.get(i), 0f, "threads change result " + i);
        }
      }
      first = actual;
    }
  }

  private static void assertClose(float[] expected, float[] actual, double tolerance) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      double size = Float.isFinite(expected[i]) ? Math.max(1, Math.abs(expected[i])) : 0;
      assertEquals(expected[i], actual[i], (float) (tolerance * size), "element " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void zerosAndSumsAreExact(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(1, rows, columns);
    Tensor y = samples.tensor(1, rows, columns);
    compare(
        backend,
        0,
        (b, c, gradients) -> {
          Matrix zeros = Samples.poisoned(c, rows, columns);
          gradients.clear(zeros);
          Matrix sum = c.upload(y);
          gradients.add(c.upload(x), sum);
          return List.of(zeros, sum);
        });
  }

  /** The bits of the halves are compared too, by way of what is read out of them. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("shapesOfProcessors")
  void bfloat16NumbersArePackedWithoutLoss(String backend, int rows, int columns) {
    Tensor x = new Samples(arena, columns).tensor(1, rows, columns);
    x.setFloat(0, Float.NEGATIVE_INFINITY);
    x.setFloat(x.elements() - 1, Float.NaN);
    compare(
        backend,
        0,
        (b, c, gradients) -> {
          Matrix rounded = c.upload(x);
          gradients.round(rounded);
          Matrix halves = Samples.poisoned(c, (rows + 1) / 2, columns);
          gradients.pack(rounded, halves);
          Matrix unpacked = Samples.poisoned(c, rows, columns);
          gradients.unpack(halves, unpacked);
          assertArrayEquals(Samples.read(c, rounded), Samples.read(c, unpacked));
          return List.of(rounded, halves, unpacked);
        });
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void everyActivationAndItsAdjoint(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(3, rows, columns);
    Tensor dOut = samples.tensor(1, rows, columns);
    for (Activation activation : Activation.values()) {
      compare(
          backend,
          2e-6,
          (b, c, gradients) -> {
            Matrix out = Samples.poisoned(c, rows, columns);
            c.activate(activation, c.upload(x), out);
            Matrix dX = Samples.poisoned(c, rows, columns);
            gradients.activation(activation, c.upload(x), c.upload(dOut), dX);
            Matrix inPlace = c.upload(dOut);
            gradients.activation(activation, c.upload(x), inPlace, inPlace);
            return List.of(out, dX, inPlace);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyDerivativeWithinOneMillionth(String backend) {
    int count = 40_001;
    Tensor x = Tensor.allocate(arena, DType.F32, Shape.of(1, count));
    Tensor ones = Tensor.allocate(arena, DType.F32, Shape.of(1, count));
    for (int i = 0; i < count; i++) {
      x.setFloat(i, (i - 20_000) / 2000f * 1.01f);
      ones.setFloat(i, 1);
    }
    for (Activation activation : Activation.values()) {
      compare(
          backend,
          1e-6,
          (b, c, gradients) -> {
            Matrix dX = Samples.poisoned(c, 1, count);
            gradients.activation(activation, c.upload(x), c.upload(ones), dX);
            return List.of(dX);
          });
    }
  }

  /** Where exponentials overflow, derivatives have long reached their limits. */
  @ParameterizedTest
  @MethodSource("backends")
  void derivativesOfLargeNumbersAreTheirLimits(String backend) {
    float[] numbers = new float[40];
    float[] large = {1e3f, 1e6f, 1e15f, -1e3f, -1e6f, -1e15f};
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = large[i % large.length];
    }
    Tensor x = Tensor.ofFloats(arena, Shape.of(1, numbers.length), numbers);
    for (Activation activation : Activation.values()) {
      if (activation == Activation.RELU2) {
        continue; // Has no limit.
      }
      if (activation == Activation.SQRT_SOFTPLUS && TestBackends.isDevice(backend)) {
        continue; // Its limit is 0, where the oracle divides zero by zero.
      }
      compare(
          backend,
          1e-6,
          (b, c, gradients) -> {
            Matrix dX = Samples.poisoned(c, 1, numbers.length);
            gradients.activation(activation, c.upload(x), ones(c, numbers.length), dX);
            return List.of(dX);
          });
    }
  }

  private Matrix ones(Computation c, int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return c.upload(Tensor.ofFloats(arena, Shape.of(1, count), ones));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void dropoutIsTheMaskExactly(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(1, rows, columns);
    Tensor residual = samples.tensor(1, rows, columns);
    x.setFloat(0, Float.POSITIVE_INFINITY);
    for (double probability : new double[] {0, 0.1, 0.5, 0x1.fffffffffp-1}) {
      for (long position : new long[] {0, 1, 2, 7, (1L << 34) - 5, (1L << 61) + 3}) {
        int stream = DropoutMask.stream(-1 >>> 9, 200);
        DropoutMask mask = new DropoutMask(0x9e3779b97f4a7c15L, -3, stream, probability);
        Dropout dropout = new Dropout(mask, position);
        compare(
            backend,
            0,
            (b, c, gradients) -> {
              Matrix plain = Samples.poisoned(c, rows, columns);
              c.dropout(dropout, c.upload(x), null, plain);
              Matrix added = Samples.poisoned(c, rows, columns);
              c.dropout(dropout, c.upload(x), c.upload(residual), added);
              Matrix overResidual = c.upload(residual);
              c.dropout(dropout, c.upload(x), overResidual, overResidual);
              Matrix overInput = c.upload(x);
              c.dropout(dropout, overInput, c.upload(residual), overInput);
              Matrix dX = c.upload(x);
              gradients.dropout(dropout, dX, dX);
              return List.of(plain, added, overResidual, overInput, dX);
            });
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void dropoutOfManyBlocks(String backend) {
    Tensor x = new Samples(arena, 3).tensor(1, 100, 401);
    Dropout dropout = new Dropout(new DropoutMask(11, 5, 9, 0.1), 5);
    compare(
        backend,
        0,
        (b, c, gradients) -> {
          Matrix out = Samples.poisoned(c, 100, 401);
          c.dropout(dropout, c.upload(x), null, out);
          return List.of(out);
        });
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void layerNormAdjoint(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(1, rows, columns);
    Tensor weight = samples.tensor(1, columns);
    Tensor dOut = samples.tensor(1, rows, columns);
    Tensor held = samples.tensor(1, rows, columns);
    Tensor parameters = samples.tensor(1, 1, columns);
    compare(
        backend,
        // Two numbers a row are all but equal to ±1 once normalised, whatever they are.
        columns < 4 ? 2e-5 : 1e-6 * (4 + Math.sqrt(rows)),
        (b, c, gradients) -> {
          Backend.Parameter factor = live(b, c, weight);
          Matrix dX = Samples.poisoned(c, rows, columns);
          Matrix dWeight = c.upload(parameters);
          Matrix dBias = c.upload(parameters);
          gradients.layerNorm(
              c.upload(x), factor, 1e-5f, c.upload(dOut), false, dX, dWeight, dBias);
          Matrix sum = c.upload(held);
          gradients.layerNorm(c.upload(x), factor, 1e-5f, c.upload(dOut), true, sum, null, null);
          Matrix alone = c.upload(parameters);
          gradients.layerNorm(c.upload(x), factor, 1e-5f, c.upload(dOut), true, null, null, alone);
          return List.of(dX, dWeight, dBias, sum, alone);
        });
  }

  private static Backend.Parameter live(Backend b, Computation c, Tensor values) {
    int columns = (int) values.elements();
    ResidentMatrix matrix = b.resident(1, columns);
    c.scatterRows(c.upload(values.reshape(Shape.of(1, columns))), 0, new int[1], matrix);
    return b.parameter(matrix);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void crossEntropyAndItsAdjoint(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor x = samples.tensor(4, rows, columns);
    Tensor dOut = samples.tensor(1, rows, 1);
    int[] labels = samples.indices(rows, columns);
    labels[rows / 2] = -100;
    for (float smoothing : new float[] {0, 0.1f, 1}) {
      compare(
          backend,
          3e-6,
          (b, c, gradients) -> {
            Matrix losses = Samples.poisoned(c, rows, 1);
            c.crossEntropy(c.upload(x), labels, smoothing, losses);
            Matrix dLogits = Samples.poisoned(c, rows, columns);
            gradients.crossEntropy(c.upload(x), labels, smoothing, c.upload(dOut), dLogits);
            Matrix inPlace = c.upload(x);
            gradients.crossEntropy(inPlace, labels, smoothing, c.upload(dOut), inPlace);
            return List.of(losses, dLogits, inPlace);
          });
    }
  }

  /** The order of terms is the oracle's, which rounds after each: equal to the bit. */
  @ParameterizedTest
  @MethodSource("shapes")
  void embeddingsAndGatheredRowsAddInOrder(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor dOut = samples.tensor(1, rows, columns);
    Tensor words = samples.tensor(1, 12, columns);
    Tensor types = samples.tensor(1, 2, columns);
    Tensor positions = samples.tensor(1, 9, columns);
    int[] tokenIds = samples.indices(rows, 12);
    int[] typeIds = samples.indices(rows, 2);
    int[] positionIds = samples.indices(rows, 9);
    compare(
        backend,
        0,
        (b, c, gradients) -> {
          Matrix dWords = c.upload(words);
          Matrix dTypes = c.upload(types);
          Matrix dPositions = c.upload(positions);
          Matrix gradient = c.upload(dOut);
          gradients.embed(tokenIds, 3, typeIds, positionIds, gradient, dWords, dTypes, dPositions);
          Matrix alone = c.upload(types);
          gradients.embed(null, 3, typeIds, positionIds, gradient, null, alone, null);
          Matrix gathered = c.upload(words);
          gradients.gatherRows(gradient, tokenIds, gathered);
          return List.of(dWords, dTypes, dPositions, alone, gathered);
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void squaredNormsOfSomeRows(String backend) {
    Tensor x = new Samples(arena, 4).tensor(1, 300, 331);
    int[][] ranges = {{0, 300}, {0, 0}, {7, 1}, {1, 250}, {299, 1}};
    for (int[] range : ranges) {
      double expected = squaredNorm("scalar", 1, x, range);
      double first = squaredNorm(backend, 1, x, range);
      assertEquals(expected, first, 1e-12 * expected);
      for (int threads : TestBackends.threadCounts(backend)) {
        assertEquals(first, squaredNorm(backend, threads, x, range));
      }
    }
  }

  private static double squaredNorm(String name, int threads, Tensor x, int[] range) {
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT.withThreads(threads));
        Computation c = backend.begin()) {
      return c.gradients().squaredNorm(c.upload(x), range[0], range[1]);
    }
  }

  /** The largest float squared is infinite in float, and not in double. */
  @ParameterizedTest
  @MethodSource("backends")
  void squaredNormsDoNotOverflow(String backend) {
    float[] values = new float[40];
    Arrays.fill(values, 1e30f);
    Tensor x = Tensor.ofFloats(arena, Shape.of(1, 40), values);
    assertEquals(40 * (double) 1e30f * 1e30f, squaredNorm(backend, 1, x, new int[] {0, 1}), 1e47);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void adamWOnAnyWidth(String backend, int rows, int columns) {
    Samples samples = new Samples(arena, columns);
    Tensor value = samples.tensor(1, rows, columns);
    Tensor gradient = samples.tensor(1, rows, columns);
    Tensor second = samples.tensor(1, rows, columns);
    for (long i = 0; i < second.elements(); i++) {
      second.setFloat(i, Math.abs(second.getFloat(i)));
    }
    int firstRow = rows / 3;
    AdamWStep step = new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.1, 0.7, 3);
    compare(
        backend,
        1e-6,
        (b, c, gradients) -> {
          Matrix x = c.upload(value);
          Matrix m = c.upload(gradient);
          Matrix v = c.upload(second);
          gradients.adamW(step, x, c.upload(gradient), m, v, firstRow, rows - firstRow);
          return List.of(x, m, v);
        });
  }

  /** The first step moves every number by the learning rate, however small its gradient. */
  @ParameterizedTest
  @MethodSource("backends")
  void adamWOfTheFirstStep(String backend) {
    AdamWStep step = new AdamWStep(1e-3, 0.9, 0.999, 0, 0, 1, 1);
    try (Backend b = Backends.open(backend, TestBackends.options());
        Computation c = b.begin()) {
      Gradients gradients = c.gradients();
      Tensor slopes = Tensor.ofFloats(arena, Shape.of(1, 4), 1e-9f, -1e-3f, 5f, -1e9f);
      Matrix x = c.matrix(1, 4);
      Matrix m = c.matrix(1, 4);
      Matrix v = c.matrix(1, 4);
      gradients.clear(x);
      gradients.clear(m);
      gradients.clear(v);
      gradients.adamW(step, x, c.upload(slopes), m, v, 0, 1);
      assertArrayEquals(new float[] {-1e-3f, 1e-3f, -1e-3f, 1e-3f}, Samples.read(c, x), 1e-9f);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void useAfterCloseIsRefused(String backend) {
    try (Backend b = Backends.open(backend, TestBackends.options())) {
      Computation c = b.begin();
      Gradients gradients = c.gradients();
      Matrix x = c.matrix(2, 2);
      c.close();
      assertThrows(IllegalStateException.class, () -> gradients.clear(x));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void wrongShapesAreNamed(String backend) {
    try (Backend b = Backends.open(backend, TestBackends.options());
        Computation c = b.begin()) {
      Matrix x = c.matrix(2, 5);
      Matrix dOut = c.matrix(2, 4);
      IllegalArgumentException refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> c.gradients().activation(Activation.GELU, x, dOut, x));
      assertEquals("dOut is [2, 4], [2, 5] is needed", refusal.getMessage());
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> c.gradients().add(x, dOut))
              .getMessage()
              .startsWith("sum is [2, 4]"));
    }
  }
}
