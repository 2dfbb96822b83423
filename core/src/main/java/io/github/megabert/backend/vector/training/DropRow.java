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
import jdk.incubator.vector.VectorOperators;

/** {@code out = x · factors (+ residual)} of a row, exactly 0 where a factor is. */
public final class DropRow extends Kernel {
  /** The kernel. */
  public static final DropRow KERNEL = new DropRow();

  private DropRow() {}

  /**
   * Computes {@code count} floats; all but the factors begin at one offset, and out may be any.
   *
   * @param residual {@link MemorySegment#NULL} for none
   */
  public static void apply(
      Forms forms,
      MemorySegment x,
      MemorySegment residual,
      MemorySegment out,
      long offset,
      MemorySegment factors,
      long factorsOffset,
      int count) {
    if (!KERNEL.isVector(forms)) {
      plain(x, residual, out, offset, factors, factorsOffset, count);
    } else if (residual.byteSize() == 0) {
      vector(x, out, offset, factors, factorsOffset, count);
    } else {
      vector(x, residual, out, offset, factors, factorsOffset, count);
    }
  }

  private static float drop(float x, float factor) {
    return factor == 0 ? 0 : x * factor;
  }

  private static void plain(
      MemorySegment x,
      MemorySegment residual,
      MemorySegment out,
      long offset,
      MemorySegment factors,
      long factorsOffset,
      int count) {
    float[] values = FloatArrays.read(x, offset, count);
    float[] kept = FloatArrays.read(factors, factorsOffset, count);
    for (int i = 0; i < count; i++) {
      values[i] = drop(values[i], kept[i]);
    }
    if (residual.byteSize() > 0) {
      FloatArrays.add(values, FloatArrays.read(residual, offset, count));
    }
    FloatArrays.write(values, out, offset);
  }

  private static FloatVector drop(FloatVector x, FloatVector factor) {
    return x.mul(factor).blend(0f, factor.compare(VectorOperators.EQ, 0f));
  }

  private static void vector(
      MemorySegment x,
      MemorySegment out,
      long offset,
      MemorySegment factors,
      long factorsOffset,
      int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      drop(
              FloatVector.fromMemorySegment(SPECIES, x, offset + step, ORDER),
              FloatVector.fromMemorySegment(SPECIES, factors, factorsOffset + step, ORDER))
          .intoMemorySegment(out, offset + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float value = drop(x.get(FLOAT, offset + step), factors.get(FLOAT, factorsOffset + step));
      out.set(FLOAT, offset + step, value);
    }
  }

  private static void vector(
      MemorySegment x,
      MemorySegment residual,
      MemorySegment out,
      long offset,
      MemorySegment factors,
      long factorsOffset,
      int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      drop(
              FloatVector.fromMemorySegment(SPECIES, x, offset + step, ORDER),
              FloatVector.fromMemorySegment(SPECIES, factors, factorsOffset + step, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, residual, offset + step, ORDER))
          .intoMemorySegment(out, offset + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float value = drop(x.get(FLOAT, offset + step), factors.get(FLOAT, factorsOffset + step));
      out.set(FLOAT, offset + step, value + residual.get(FLOAT, offset + step));
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), on.output(), 0, on.weights(), 4, on.count());
    vector(on.input(), on.scratch(), on.output(), 0, on.weights(), 4, on.count());
  }
}
