// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.inPanels;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link Exponentials} of numbers in panels, such as the scores of attention. */
public final class PanelExponentials extends Kernel {
  /** The kernel. */
  public static final PanelExponentials KERNEL = new PanelExponentials();

  private PanelExponentials() {}

  /**
   * Writes {@code exp((x - max) · scale)} of {@code count} floats and returns the sum.
   *
   * @param step bytes from a panel's numbers to those of the next
   * @param target takes the terms, from {@code at} on
   * @param lanes memory for one vector, at {@code lane}
   */
  public static float write(
      Forms forms,
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at,
      MemorySegment lanes,
      long lane) {
    return KERNEL.isVector(forms)
        ? vector(values, offset, step, count, max, scale, target, at, lanes, lane)
        : plain(values, offset, step, count, max, scale, target, at);
  }

  private static float plain(
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at) {
    float[] row = FloatArrays.readPanels(values, offset, step, count);
    float sum = Exponentials.apply(row, max, scale);
    System.arraycopy(row, 0, target, at, count);
    return sum;
  }

  private static float vector(
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at,
      MemorySegment lanes,
      long lane) {
    float shift = -max * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, inPanels(offset, step, i), ORDER)
                  .fma(factor, shifts));
      e.intoArray(target, at + i);
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      float x = values.get(FLOAT, inPanels(offset, step, i));
      float e = Exponential.of(Math.fma(x, scale, shift));
      target[at + i] = e;
      sum += e;
    }
    return sum;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.input(), 0, PANEL_BYTES, on.count(), 0, 1, on.floats(), 0, on.scratch(), 0);
  }
}
