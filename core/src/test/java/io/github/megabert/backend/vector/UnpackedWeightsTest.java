// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that stay as a checkpoint has them give, to the bit, what packed ones do. */
class UnpackedWeightsTest {
  private static Tensor normal(Arena arena, DType dtype, long seed, long... extents) {
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(extents));
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  private static float[] product(
      BackendOptions options, Tensor x, List<Tensor> weights, List<@Nullable Tensor> biases) {
    int rows = x.shape().intExtent(0);
    try (Backend backend = new VectorBackend(options, Forms.VECTOR);
        Computation computation = backend.begin();
        Arena arena = Arena.ofConfined()) {
      Backend.Linear linear = backend.linear(weights, biases);
      Matrix out = computation.matrix(rows, linear.outputs());
      computation.linear(computation.upload(x), linear, Activation.GELU, null, out);
      MemorySegment copy = arena.allocate(4L * rows * linear.outputs(), 64);
      computation.read(out, copy);
      return copy.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void productsAreThoseOfPackedWeights(DType dtype) {
    // Rows, inputs, outputs of each weight: more than a panel and less, inputs of more than a
    // block.
    int[][] shapes = {
      {1, 33, 37}, {3, 1025, 5, 70}, {7, 64, 1, 1, 1}, {50, 2050, 99}, {300, 40, 64}
    };
    for (int[] shape : shapes) {
      try (Arena arena = Arena.ofShared()) {
        Tensor x = normal(arena, DType.F32, 1, shape[0], shape[1]);
        List<Tensor> weights = new ArrayList<>();
        List<@Nullable Tensor> biases = new ArrayList<>();
        for (int i = 2; i < shape.length; i++) {
          weights.add(normal(arena, dtype, i, shape[i], shape[1]));
          biases.add(i % 2 == 0 ? null : normal(arena, dtype, -i, shape[i]));
        }
        BackendOptions packed = new BackendOptions(1, Precision.F32, 0);
        float[] expected = product(packed, x, weights, biases);
        for (int threads = 1; threads <= 3; threads++) {
          BackendOptions unpacked = packed.withPacking(false).withThreads(threads);
          assertArrayEquals(expected, product(unpacked, x, weights, biases));
        }
      }
    }
  }

  @Test
  void weightsOfOneThreadArePackedAllTheSame() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = normal(arena, DType.F32, 1, 9, 40);
      List<Tensor> weights = List.of(normal(arena, DType.F32, 2, 45, 40));
      List<@Nullable Tensor> biases = new ArrayList<>();
      biases.add(null);
      BackendOptions options = new BackendOptions(2, Precision.F32, 0);
      assertArrayEquals(
          product(options, x, weights, biases),
          product(options.withPacking(false), x, weights, biases));
    }
  }

  @Test
  void narrowWeightsMustBePacked() {
    BackendOptions options = new BackendOptions(1, Precision.INT8, 0).withPacking(false);
    UnsupportedOptionException refusal =
        assertThrows(
            UnsupportedOptionException.class, () -> Backends.open("vector", options).close());
    assertEquals(
        "weights that are not packed are computed with as f32, not as int8; leave out either the"
            + " precision (--dtype) or the packing (--pack none)",
        refusal.getMessage());
  }
}
