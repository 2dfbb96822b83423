// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.inPanels;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The largest number of a row, which softmax subtracts. */
public final class RowMax extends Kernel {
  /** The kernel. */
  public static final RowMax KERNEL = new RowMax();

  private RowMax() {}

  /**
   * The largest of {@code count} numbers, -∞ if there is none, any if one is NaN.
   *
   * @param step bytes from a panel's numbers to those of the next; {@link
   *     io.github.megabert.backend.vector.Lanes#PANEL_BYTES} where all lie together
   */
  public static float of(Forms forms, MemorySegment values, long offset, long step, int count) {
    return KERNEL.isVector(forms)
        ? vector(values, offset, step, count)
        : plain(values, offset, step, count);
  }

  private static float plain(MemorySegment values, long offset, long step, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (float value : FloatArrays.readPanels(values, offset, step, count)) {
      max = Math.max(max, value);
    }
    return max;
  }

  /**
   * By comparisons: the maximum of Java, which minds NaN and the sign of zero, takes four times as
   * long.
   */
  private static float vector(MemorySegment values, long offset, long step, int count) {
    FloatVector maxima = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = inPanels(offset, step, i);
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      maxima = x.blend(maxima, x.compare(VectorOperators.LE, maxima));
    }
    float max = maxima.reduceLanes(VectorOperators.MAX);
    for (; i < count; i++) {
      max = Math.max(max, values.get(FLOAT, inPanels(offset, step, i)));
    }
    return max;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.input(), 0, PANEL_BYTES, on.count());
  }
}
