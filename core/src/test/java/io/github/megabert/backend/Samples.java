// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Random operands for the conformance kit, the same for every backend: numbers between a quarter
 * and five quarters with either sign, so that a forgotten product shows.
 */
final class Samples {
  private final SplittableRandom random;
  private final Arena arena;

  Samples(Arena arena, long seed) {
    this.arena = arena;
    random = new SplittableRandom(seed);
  }

  Tensor tensor(double scale, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, TestBackends.representable(scale * number()));
    }
    return tensor;
  }

  private double number() {
    double magnitude = 0.25 + random.nextDouble();
    return random.nextBoolean() ? magnitude : -magnitude;
  }

  int[] indices(int count, int bound) {
    int[] indices = new int[count];
    for (int i = 0; i < count; i++) {
      indices[i] = random.nextInt(bound);
    }
    return indices;
  }

  /** Every index below {@code count} once, in random order. */
  int[] permutation(int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** About a third zeros, and never only zeros in a run of ten. */
  byte[] mask(int count) {
    byte[] mask = new byte[count];
    for (int i = 0; i < count; i++) {
      mask[i] = (byte) (i % 10 == 0 || random.nextInt(3) > 0 ? 1 : 0);
    }
    return mask;
  }

  /** A matrix of NaN: what a kernel leaves out shows. */
  static Matrix poisoned(Computation computation, int rows, int columns) {
    try (Arena local = Arena.ofConfined()) {
      Tensor nan = Tensor.allocate(local, DType.F32, Shape.of(rows, columns));
      for (long i = 0; i < nan.elements(); i++) {
        nan.setFloat(i, Float.NaN);
      }
      return computation.upload(nan);
    }
  }

  static float[] read(Computation computation, Matrix matrix) {
    float[] values = new float[matrix.rows() * matrix.columns()];
    try (Arena local = Arena.ofConfined()) {
      MemorySegment copy = local.allocate(Math.max(4, values.length * 4L), 64);
      computation.read(matrix, copy.asSlice(0, values.length * 4L));
      MemorySegment.copy(copy, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    }
    return values;
  }

  /** Backends to hold against the scalar one: every other that is available here. */
  static List<String> backends() {
    List<String> names =
        TestBackends.names().stream().filter(name -> !name.equals("scalar")).toList();
    if (names.isEmpty()) {
      throw new AssertionError("no backend but the scalar one is available: nothing to test");
    }
    return names;
  }
}
