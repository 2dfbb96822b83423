// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Copies rows of some panels' width, a strip of each to each panel. A strip is two vectors, for
 * which {@link MemorySegment#copy} takes as long as the memory would for ten.
 */
public final class CopyStrips extends Kernel {
  /** The kernel. */
  public static final CopyStrips KERNEL = new CopyStrips();

  private CopyStrips() {}

  /**
   * Copies the values.
   *
   * @param source rows, the first strip of the first from {@code from} on
   * @param stride bytes from a row to the next
   * @param target takes {@code [rows, PANEL]} for each panel, the first from {@code to} on
   * @param step bytes from a panel to the next
   */
  public static void copy(
      Forms forms,
      int rows,
      int panels,
      MemorySegment source,
      long from,
      long stride,
      MemorySegment target,
      long to,
      long step) {
    if (KERNEL.isVector(forms)) {
      vector(rows, panels, source, from, stride, target, to, step);
    } else {
      plain(rows, panels, source, from, stride, target, to, step);
    }
  }

  private static void plain(
      int rows,
      int panels,
      MemorySegment source,
      long from,
      long stride,
      MemorySegment target,
      long to,
      long step) {
    for (int row = 0; row < rows; row++) {
      for (int panel = 0; panel < panels; panel++) {
        long at = to + panel * step + (long) row * PANEL_BYTES;
        long strip = from + row * stride + (long) panel * PANEL_BYTES;
        MemorySegment.copy(source, strip, target, at, PANEL_BYTES);
      }
    }
  }

  private static void vector(
      int rows,
      int panels,
      MemorySegment source,
      long from,
      long stride,
      MemorySegment target,
      long to,
      long step) {
    for (int row = 0; row < rows; row++) {
      copyRow(panels, source, from + row * stride, target, to + (long) row * PANEL_BYTES, step);
    }
  }

  private static void copyRow(
      int panels, MemorySegment source, long from, MemorySegment target, long to, long step) {
    for (int panel = 0; panel < panels; panel++) {
      long strip = from + (long) panel * PANEL_BYTES;
      long at = to + panel * step;
      FloatVector.fromMemorySegment(SPECIES, source, strip, ORDER)
          .intoMemorySegment(target, at, ORDER);
      FloatVector.fromMemorySegment(SPECIES, source, strip + VECTOR_BYTES, ORDER)
          .intoMemorySegment(target, at + VECTOR_BYTES, ORDER);
    }
  }

  @Override
  protected void exercise(Operands on) {
    int rows = on.either(8, 24);
    int panels = on.either(3, 5);
    vector(rows, panels, on.input(), 0, Operands.STRIDE, on.output(), 0, Operands.STRIDE);
  }
}
