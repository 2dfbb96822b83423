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

/** {@code target = source · factor} of a row. */
public final class ScaleRow extends Kernel {
  /** The kernel. */
  public static final ScaleRow KERNEL = new ScaleRow();

  private ScaleRow() {}

  /**
   * Multiplies {@code count} floats; target may be source, at the same offset.
   *
   * @param step bytes from a panel's numbers to those of the next; those of the target lie together
   */
  public static void scale(
      Forms forms,
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    if (KERNEL.isVector(forms)) {
      vector(source, offset, step, count, factor, target, targetOffset);
    } else {
      plain(source, offset, step, count, factor, target, targetOffset);
    }
  }

  private static void plain(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    float[] row = FloatArrays.readPanels(source, offset, step, count);
    for (int i = 0; i < count; i++) {
      row[i] *= factor;
    }
    FloatArrays.write(row, target, targetOffset);
  }

  private static void vector(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      FloatVector.fromMemorySegment(SPECIES, source, inPanels(offset, step, i), ORDER)
          .mul(factor)
          .intoMemorySegment(target, targetOffset + (long) i * Float.BYTES, ORDER);
    }
    for (; i < count; i++) {
      float x = source.get(FLOAT, inPanels(offset, step, i));
      target.set(FLOAT, targetOffset + (long) i * Float.BYTES, x * factor);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, PANEL_BYTES, on.count(), 0.5f, on.output(), 0);
  }
}
