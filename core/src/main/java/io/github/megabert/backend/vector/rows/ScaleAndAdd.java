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

/** {@code values = values · scale + added} of a row: scores of attention and their mask. */
public final class ScaleAndAdd extends Kernel {
  /** The kernel. */
  public static final ScaleAndAdd KERNEL = new ScaleAndAdd();

  private ScaleAndAdd() {}

  /**
   * Replaces {@code count} floats.
   *
   * @param step bytes from a panel's values to those of the next
   * @param added where in the same segment the addends lie, all together
   */
  public static void apply(
      Forms forms,
      MemorySegment values,
      long offset,
      long step,
      int count,
      float scale,
      long added) {
    if (KERNEL.isVector(forms)) {
      vector(values, offset, step, count, scale, added);
    } else {
      plain(values, offset, step, count, scale, added);
    }
  }

  private static void plain(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    float[] row = FloatArrays.readPanels(values, offset, step, count);
    float[] terms = FloatArrays.read(values, added, count);
    for (int i = 0; i < count; i++) {
      row[i] = Math.fma(row[i], scale, terms[i]);
    }
    FloatArrays.writePanels(row, values, offset, step);
  }

  private static void vector(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = inPanels(offset, step, i);
      FloatVector.fromMemorySegment(SPECIES, values, at, ORDER)
          .fma(
              factor,
              FloatVector.fromMemorySegment(SPECIES, values, added + (long) i * Float.BYTES, ORDER))
          .intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = inPanels(offset, step, i);
      float term = values.get(FLOAT, added + (long) i * Float.BYTES);
      values.set(FLOAT, at, Math.fma(values.get(FLOAT, at), scale, term));
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.output(), 0, PANEL_BYTES, on.count(), 0.5f, Operands.STRIDE);
  }
}
