// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Multiplies in a process of its own, whose second-level cache is as large as the system property
 * says; prints that, and of each product, packed and not, whether its bits are those of plain loops
 * and its numbers those of the scalar backend.
 */
final class EmulatedCacheReport {
  private static final BackendOptions OPTIONS = BackendOptions.DEFAULT.withThreads(2);

  private EmulatedCacheReport() {}

  public static void main(String[] arguments) {
    try {
      Backends.open("vector", OPTIONS).close();
    } catch (IllegalArgumentException refused) {
      System.out.println("refused: " + refused.getMessage());
      return;
    }
    String device = VectorBackend.deviceLine(1);
    System.out.println(device.substring(device.indexOf("second")));
    int[][] shapes = {{133, 1040, 99}, {50, 2050, 64}, {300, 700, 40}, {17, 4096, 33}};
    for (int[] shape : shapes) {
      System.out.println(Arrays.toString(shape) + ": " + compare(shape[0], shape[1], shape[2]));
    }
  }

  private static String compare(int rows, int inputs, int outputs) {
    try (Arena arena = Arena.ofShared()) {
      Tensor x = normal(arena, 1, rows, inputs);
      Tensor weight = normal(arena, 2, outputs, inputs);
      float[] plain = product(new VectorBackend(OPTIONS, Forms.PLAIN), x, weight);
      float[] mine = product(new VectorBackend(OPTIONS, Forms.WARMING), x, weight);
      BackendOptions unpacked = OPTIONS.withPacking(false);
      float[] asGiven = product(new VectorBackend(unpacked, Forms.WARMING), x, weight);
      float[] oracle = product(Backends.open("scalar", OPTIONS), x, weight);
      double error = 0;
      double norm = 0;
      for (int i = 0; i < oracle.length; i++) {
        error += Math.pow((double) mine[i] - oracle[i], 2);
        norm += Math.pow(oracle[i], 2);
      }
      return Math.sqrt(error / norm) > 1e-6
          ? "off by " + Math.sqrt(error / norm)
          : Arrays.equals(plain, mine) && Arrays.equals(plain, asGiven) ? "equal" : "other bits";
    }
  }

  private static float[] product(Backend opened, Tensor x, Tensor weight) {
    int rows = x.shape().intExtent(0);
    int outputs = weight.shape().intExtent(0);
    try (Backend backend = opened;
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

  private static Tensor normal(Arena arena, long seed, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }
}
