// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** The panels of a matrix {@code [depth, columns]}: strips of its rows, copied as they are. */
final class StripPanels implements PanelSource {
  private final Forms forms;
  private MemorySegment matrix = MemorySegment.NULL;
  private int first;
  private int columns;

  StripPanels(Forms forms) {
    this.forms = forms;
  }

  /** Says which matrix, of how many columns, and which of its rows is the first. */
  void set(MemorySegment source, int width, int firstRow) {
    matrix = source;
    columns = width;
    first = firstRow;
  }

  @Override
  public void read(
      int firstPanel,
      int endPanel,
      int k,
      int count,
      int slot,
      MemorySegment target,
      long offset,
      long step) {
    long stride = (long) columns * Float.BYTES;
    long row = (first + k) * stride;
    int whole = Math.min(endPanel, columns / PANEL) - firstPanel;
    if (whole > 0) {
      long from = row + (long) firstPanel * PANEL_BYTES;
      CopyStrips.copy(forms, count, whole, matrix, from, stride, target, offset, step);
    }
    if (firstPanel + Math.max(0, whole) < endPanel) {
      long from = row + (long) (endPanel - 1) * PANEL_BYTES;
      long to = offset + (endPanel - 1 - firstPanel) * step;
      readLast(count, columns % PANEL, from, stride, target, to);
    }
  }

  /** The last panel, which is not whole. */
  private void readLast(
      int count, int width, long from, long stride, MemorySegment target, long to) {
    for (int k = 0; k < count; k++) {
      long at = to + (long) k * PANEL_BYTES;
      long bytes = (long) width * Float.BYTES;
      MemorySegment.copy(matrix, from + k * stride, target, at, bytes);
      for (int column = width; column < PANEL; column++) {
        target.set(FLOAT, at + (long) column * Float.BYTES, 0);
      }
    }
  }
}
