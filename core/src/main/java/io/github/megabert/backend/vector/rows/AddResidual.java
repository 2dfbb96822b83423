// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@code target = sums + residual} of a row. */
public final class AddResidual extends Kernel {
  /** The kernel. */
  public static final AddResidual KERNEL = new AddResidual();

  private AddResidual() {}

  /** Adds {@code count} floats; residual and target begin at one offset and may be the same. */
  public static void add(
      Forms forms,
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count) {
    if (KERNEL.isVector(forms)) {
      vector(sums, sumsOffset, residual, target, offset, count);
    } else {
      plain(sums, sumsOffset, residual, target, offset, count);
    }
  }

  private static void plain(
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count) {
    float[] values = FloatArrays.read(sums, sumsOffset, count);
    FloatArrays.add(values, FloatArrays.read(residual, offset, count));
    FloatArrays.write(values, target, offset);
  }

  private static void vector(
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, sumsOffset + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, residual, offset + step, ORDER))
          .intoMemorySegment(target, offset + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, sumsOffset + step) + residual.get(FLOAT, offset + step);
      target.set(FLOAT, offset + step, sum);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.weights(), on.output(), 0, on.count());
  }
}
