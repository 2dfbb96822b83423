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
 * The sum of {@code x − shift} of a row, which label smoothing needs: with the maximum as the
 * shift, all terms have one sign.
 */
public final class SumOfDifferences extends Kernel {
  /** The kernel. */
  public static final SumOfDifferences KERNEL = new SumOfDifferences();

  private SumOfDifferences() {}

  /**
   * The sum over {@code count} floats.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  public static double of(
      Forms forms,
      MemorySegment values,
      long offset,
      int count,
      float shift,
      MemorySegment lanes,
      long lane) {
    return KERNEL.isVector(forms)
        ? vector(values, offset, count, shift, lanes, lane)
        : plain(values, offset, count, shift);
  }

  private static double plain(MemorySegment values, long offset, int count, float shift) {
    float[] row = FloatArrays.read(values, offset, count);
    float[] sums = new float[COUNT];
    int whole = count - count % COUNT;
    for (int i = 0; i < whole; i++) {
      sums[i % COUNT] += row[i] - shift;
    }
    double sum = Lanes.sum(sums);
    for (int i = whole; i < count; i++) {
      sum += row[i] - shift;
    }
    return sum;
  }

  private static double vector(
      MemorySegment values, long offset, int count, float shift, MemorySegment lanes, long lane) {
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      sums = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER).sub(shift).add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    double sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      sum += values.get(FLOAT, offset + (long) i * Float.BYTES) - shift;
    }
    return sum;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.count(), 0.5f, on.scratch(), 0);
  }
}
