// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The sum of {@code exp((x - max) · scale)} of a row, which cross entropy needs; as {@link
 * Exponentials}, but the numbers stay.
 */
public final class SumOfExponentials extends Kernel {
  /** The kernel. */
  public static final SumOfExponentials KERNEL = new SumOfExponentials();

  private SumOfExponentials() {}

  /**
   * The sum over {@code count} floats.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  public static float of(
      Forms forms,
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      MemorySegment lanes,
      long lane) {
    return KERNEL.isVector(forms)
        ? vector(values, offset, count, max, scale, lanes, lane)
        : plain(values, offset, count, max, scale);
  }

  private static float plain(MemorySegment values, long offset, int count, float max, float scale) {
    return Exponentials.apply(FloatArrays.read(values, offset, count), max, scale);
  }

  private static float vector(
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      MemorySegment lanes,
      long lane) {
    float shift = -max * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, at, ORDER).fma(factor, shifts));
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float e = Exponential.of(Math.fma(values.get(FLOAT, at), scale, shift));
      sum += e;
    }
    return sum;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.count(), 0, 1, on.scratch(), 0);
  }
}
