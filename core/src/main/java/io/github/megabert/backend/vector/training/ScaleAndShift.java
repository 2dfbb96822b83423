// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

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

/** {@code x = x · factor + shift} of a row. */
public final class ScaleAndShift extends Kernel {
  /** The kernel. */
  public static final ScaleAndShift KERNEL = new ScaleAndShift();

  private ScaleAndShift() {}

  /** Replaces {@code count} floats. */
  public static void apply(
      Forms forms, MemorySegment x, long offset, int count, float factor, float shift) {
    if (KERNEL.isVector(forms)) {
      vector(x, offset, count, factor, shift);
    } else {
      plain(x, offset, count, factor, shift);
    }
  }

  private static void plain(MemorySegment x, long offset, int count, float factor, float shift) {
    float[] row = FloatArrays.read(x, offset, count);
    for (int i = 0; i < count; i++) {
      row[i] = Math.fma(row[i], factor, shift);
    }
    FloatArrays.write(row, x, offset);
  }

  private static void vector(MemorySegment x, long offset, int count, float factor, float shift) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, x, at, ORDER)
          .fma(FloatVector.broadcast(SPECIES, factor), FloatVector.broadcast(SPECIES, shift))
          .intoMemorySegment(x, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      x.set(FLOAT, at, Math.fma(x.get(FLOAT, at), factor, shift));
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.output(), 0, on.count(), 0.5f, 0.25f);
  }
}
