// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.gemm.MachineNarrowTiles;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights of 16 and 8 bits are the float32 weights rounded, and nothing else. */
class NarrowWeightsTest {
  private static Tensor normal(Arena arena, double scale, long seed, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (scale * random.nextGaussian()));
    }
    return tensor;
  }

  private static float[] product(
      Forms forms, Precision precision, int threads, Tensor x, Tensor weight) {
    BackendOptions options = new BackendOptions(threads, precision, 0);
    int rows = x.shape().intExtent(0);
    int outputs = weight.shape().intExtent(0);
    try (Backend backend = new VectorBackend(options, forms);
        Computation computation = backend.begin();
        Arena arena = Arena.ofConfined()) {
      Backend.Linear linear = backend.linear(List.of(weight), Collections.singletonList(null));
      Matrix out = computation.matrix(rows, outputs);
      computation.linear(computation.upload(x), linear, Activation.IDENTITY, null, out);
      MemorySegment copy = arena.allocate(4L * rows * outputs, 64);
      computation.read(out, copy);
      return copy.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static double relativeError(float[] actual, float[] expected) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(error / norm);
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "F16", "INT8"})
  void productsAreCloseAndTheSameHoweverComputed(Precision precision) {
    double tolerance =
        switch (precision) {
          case BF16 -> 2.5e-3;
          case F16 -> 3e-4;
          default -> 8e-3;
        };
    int[][] shapes = {{1, 37, 33}, {7, 64, 1025}, {13, 99, 2050}, {5, 1, 1}, {130, 70, 64}};
    for (int[] shape : shapes) {
      try (Arena arena = Arena.ofShared()) {
        Tensor x = normal(arena, 1, 1, shape[0], shape[2]);
        Tensor weight = normal(arena, 0.02, 2, shape[1], shape[2]);
        float[] exact = product(Forms.VECTOR, Precision.F32, 1, x, weight);
        float[] narrow = product(Forms.VECTOR, precision, 1, x, weight);
        double error = relativeError(narrow, exact);
        assertTrue(shape[2] == 1 || error < tolerance, precision + " error " + error);
        assertTrue(shape[2] == 1 || error > tolerance / 100, "not narrow at all");
        assertArrayEquals(narrow, product(Forms.PLAIN, precision, 2, x, weight));
      }
    }
  }

  @Test
  void weightsThatAreMultiplesOfTheScaleAreExactInEightBits() {
    try (Arena arena = Arena.ofShared()) {
      Tensor x = normal(arena, 1, 1, 3, 130);
      Tensor weight = Tensor.allocate(arena, DType.F32, Shape.of(5, 130));
      for (int i = 0; i < 5 * 130; i++) {
        weight.setFloat(i, i % 130 % 64 == 0 ? 127 : i * 31 % 255 - 127);
      }
      float[] exact = product(Forms.VECTOR, Precision.F32, 1, x, weight);
      float[] narrow = product(Forms.VECTOR, Precision.INT8, 1, x, weight);
      assertEquals(0, relativeError(narrow, exact), 1e-6);
    }
  }

  /**
   * Whole numbers that rounding keeps, of which every sum is exact in any order: so products are
   * what whole numbers give, with few rows and with many, in whole blocks of inputs and behind.
   */
  @ParameterizedTest
  @CsvSource({
    "BF16, 133, 1040", "BF16, 520, 1088", "BF16, 3, 1088",
    "INT8, 133, 1040", "INT8, 520, 1088", "INT8, 3, 1088"
  })
  void wholeNumbersAreExact(Precision precision, int rows, int inputs) {
    int outputs = 70;
    SplittableRandom random = new SplittableRandom(rows + inputs);
    int[][] x = wholeNumbers(random, rows, inputs, -128, 127);
    int[][] weights = wholeNumbers(random, outputs, inputs, -127, 127);
    float[] expected = new float[rows * outputs];
    for (int row = 0; row < rows; row++) {
      for (int output = 0; output < outputs; output++) {
        int sum = 0;
        for (int k = 0; k < inputs; k++) {
          sum += x[row][k] * weights[output][k];
        }
        expected[row * outputs + output] = sum;
      }
    }
    try (Arena arena = Arena.ofShared()) {
      Tensor left = tensor(arena, x);
      Tensor right = tensor(arena, weights);
      assertArrayEquals(expected, product(Forms.PLAIN, precision, 2, left, right), "plain");
      boolean isMachine = MachineNarrowTiles.of(precision) != null;
      assumeTrue(isMachine, () -> "plain loops alone: no machine code for " + precision);
      for (int threads = 1; threads <= 2; threads++) {
        float[] actual = product(Forms.WARMING, precision, threads, left, right);
        assertArrayEquals(expected, actual, threads + " threads");
      }
    }
  }

  /** With both ends of the range in each 16 inputs: so steps of 8 bits are 1. */
  private static int[][] wholeNumbers(
      SplittableRandom random, int rows, int columns, int lowest, int highest) {
    int[][] numbers = new int[rows][columns];
    for (int[] row : numbers) {
      for (int k = 0; k < columns; k++) {
        row[k] = random.nextInt(lowest, highest + 1);
      }
      for (int k = 0; k < columns; k += 16) {
        row[k + random.nextInt(8)] = lowest;
        row[k + 8 + random.nextInt(8)] = highest;
      }
    }
    return numbers;
  }

  private static Tensor tensor(Arena arena, int[][] rows) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows.length, rows[0].length));
    for (int i = 0; i < rows.length; i++) {
      for (int k = 0; k < rows[i].length; k++) {
        tensor.setFloat((long) i * rows[i].length + k, rows[i][k]);
      }
    }
    return tensor;
  }

  @Test
  void aWeightBeyondBinary16IsRefused() {
    try (Arena arena = Arena.ofShared()) {
      Tensor weight = Tensor.ofFloats(arena, Shape.of(1, 1), 70_000f);
      IllegalArgumentException refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> product(Forms.VECTOR, Precision.F16, 1, weight, weight));
      assertEquals(
          "the weight 70000.0 does not fit into f16; use bf16 or f32", refusal.getMessage());
    }
  }
}
