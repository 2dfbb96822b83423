// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.megabert.backend.Gradients.Rows;
import io.github.megabert.backend.Gradients.Update;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * AdamW over all parameters at once, with gradients clipped by their norm, against the scalar
 * backend: large matrices and many vectors, some with decay, some one behind the other.
 */
class OptimizerStepTest {
  private static final AdamWStep DECAYS = new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.1, 1, 3);
  private static final AdamWStep DECAYS_NOT = new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0, 1, 3);

  /** Rows and columns. */
  private static final int[][] SHAPES = {
    {70, 1000},
    {1, 1},
    {1, 300},
    {3, 33},
    {1, 64},
    {2, 512},
    {1, 257},
    {1, 1025},
    {256, 257},
    {1, 17},
    {1, 18},
    {1, 4099}
  };

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void freeOperands() {
    arena.close();
  }

  static Stream<String> backends() {
    return Samples.backends().stream();
  }

  /** Matrices of a model, with one number of the gradient replaced if it is not 0. */
  private final class Model {
    final List<Matrix> matrices = new ArrayList<>();
    final List<Rows> parts = new ArrayList<>();
    final List<Update> updates = new ArrayList<>();

    Model(Computation computation, float strange) {
      for (int i = 0; i < SHAPES.length; i++) {
        add(computation, i, strange);
      }
    }

    private void add(Computation computation, int index, float strange) {
      int rows = SHAPES[index][0];
      int columns = SHAPES[index][1];
      Samples samples = new Samples(arena, index);
      Tensor slopes = samples.tensor(0.01, rows, columns);
      if (strange != 0 && index == 5) {
        slopes.setFloat(slopes.elements() - 1, strange);
      }
      Tensor squares = samples.tensor(1, rows, columns);
      for (long i = 0; i < squares.elements(); i++) {
        squares.setFloat(i, Math.abs(squares.getFloat(i)));
      }
      Matrix value = computation.upload(samples.tensor(1, rows, columns));
      Matrix gradient = computation.upload(slopes);
      Matrix first = computation.upload(samples.tensor(0.1, rows, columns));
      Matrix second = computation.upload(squares);
      AdamWStep step = rows == 1 ? DECAYS_NOT : DECAYS;
      // Some are two parameters, the first of them of one row.
      int cut = index % 2 == 0 ? 0 : rows / 2;
      for (int[] range : new int[][] {{0, cut}, {cut, rows - cut}}) {
        parts.add(new Rows(gradient, range[0], range[1]));
        updates.add(new Update(step, value, gradient, first, second, range[0], range[1]));
      }
      matrices.addAll(List.of(value, first, second));
    }

    List<float[]> read(Computation computation) {
      return matrices.stream().map(matrix -> Samples.read(computation, matrix)).toList();
    }
  }

  /** What a backend makes of the model, and the norm that it tells. */
  private record Result(double norm, List<float[]> numbers) {}

  private Result clipped(String name, double largest, float strange) {
    try (Backend backend = Backends.open(name, TestBackends.options());
        Computation computation = backend.begin()) {
      Model model = new Model(computation, strange);
      double norm = computation.gradients().clippedAdamW(model.parts, largest, model.updates);
      return new Result(norm, model.read(computation));
    }
  }

  private static void assertClose(List<float[]> expected, List<float[]> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), 2e-6f, "matrix " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void gradientsAreClippedByTheirNorm(String backend) {
    for (double largest : new double[] {0, 0.5, 1000}) {
      Result expected = clipped(Backends.SCALAR, largest, 0);
      Result actual = clipped(backend, largest, 0);
      assertEquals(expected.norm, actual.norm, 1e-12 * expected.norm);
      assertClose(expected.numbers, actual.numbers);
    }
  }

  /** The oracle's own factor: a norm of 2.5 is clipped to 0.5. */
  @ParameterizedTest
  @MethodSource("backends")
  void updatesTogetherAreThoseOfEach(String backend) {
    Result expected = clipped(Backends.SCALAR, 0.5, 0);
    double factor = AdamWStep.clipFactor(expected.norm, 0.5);
    assertEquals(0.5 / (expected.norm + 1e-6), factor);
    try (Backend opened = Backends.open(backend, TestBackends.options());
        Computation computation = opened.begin()) {
      Model model = new Model(computation, 0);
      Gradients gradients = computation.gradients();
      assertEquals(
          expected.norm * expected.norm,
          gradients.squaredNorm(model.parts),
          1e-12 * expected.norm * expected.norm);
      gradients.adamW(model.updates.stream().map(update -> update.scaled(factor)).toList());
      assertClose(expected.numbers, model.read(computation));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void nothingIsUpdatedWhereTheNormIsNotFinite(String backend) {
    for (float strange : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      Result actual = clipped(backend, 1, strange);
      assertFalse(Double.isFinite(actual.norm), "a norm of " + actual.norm);
      try (Backend opened = Backends.open(Backends.SCALAR, TestBackends.options());
          Computation computation = opened.begin()) {
        List<float[]> before = new Model(computation, strange).read(computation);
        for (int i = 0; i < before.size(); i++) {
          assertArrayEquals(before.get(i), actual.numbers.get(i), "matrix " + i);
        }
      }
    }
  }
}
