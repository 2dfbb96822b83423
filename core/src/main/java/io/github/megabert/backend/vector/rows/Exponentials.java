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
 * Numbers of a row become {@code exp((x - max) · scale)}: the terms of a softmax. The loop is over
 * single vectors: C2 does not inline {@link Exponential} at a call site that is not in a loop.
 */
public final class Exponentials extends Kernel {
  /** The kernel. */
  public static final Exponentials KERNEL = new Exponentials();

  private Exponentials() {}

  /**
   * Replaces {@code count} floats and returns their sum.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  public static float apply(
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
    float[] row = FloatArrays.read(values, offset, count);
    float sum = apply(row, max, scale);
    FloatArrays.write(row, values, offset);
    return sum;
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
      e.intoMemorySegment(values, at, ORDER);
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float e = Exponential.of(Math.fma(values.get(FLOAT, at), scale, shift));
      values.set(FLOAT, at, e);
      sum += e;
    }
    return sum;
  }

  /** The same of an array: one partial sum a lane, as vectors have it. */
  static float apply(float[] row, float max, float scale) {
    float shift = -max * scale;
    float[] sums = new float[COUNT];
    int whole = row.length - row.length % COUNT;
    for (int i = 0; i < row.length; i++) {
      row[i] = Exponential.of(Math.fma(row[i], scale, shift));
    }
    for (int i = 0; i < whole; i++) {
      sums[i % COUNT] += row[i];
    }
    float sum = Lanes.sum(sums);
    for (int i = whole; i < row.length; i++) {
      sum += row[i];
    }
    return sum;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.output(), 0, on.count(), 0, 1, on.scratch(), 0);
  }
}
