// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;

/** Operands: numbers between -1 and 1, none of them subnormal. */
public final class RandomTensor {
  private RandomTensor() {}

  /** A float32 tensor of that shape; the same numbers at every call. */
  public static Tensor of(Arena arena, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    SplittableRandom random = new SplittableRandom(1);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }
}
