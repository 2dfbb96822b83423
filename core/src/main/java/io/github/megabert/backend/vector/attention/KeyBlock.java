// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.PanelReader;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Transposes a head's keys, or queries, into a panel and back, by way of arrays, over which a loop
 * is fast as soon as the JVM's first compiler has seen it. One thread uses it at a time.
 */
final class KeyBlock {
  private float[] rows = {};
  private float[] columns = {};

  /**
   * Packs up to a panel of keys.
   *
   * @param keys memory whose rows, {@code stride} bytes apart, hold {@code headDim} floats of the
   *     head each, the first at {@code offset}
   * @param count number of keys, 1 to {@link Lanes#PANEL}
   * @param panel where {@code headDim} rows of {@link Lanes#PANEL} floats are written, one column a
   *     key and zeros beyond
   */
  void pack(
      Forms forms,
      MemorySegment keys,
      long offset,
      long stride,
      int count,
      int headDim,
      MemorySegment panel,
      long panelOffset) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null) {
      machine.transpose(count, headDim, keys, offset, stride, panel, panelOffset);
      return;
    }
    int size = PANEL * headDim;
    makeRoom(size);
    for (int j = 0; j < count; j++) {
      MemorySegment.copy(keys, FLOAT, offset + j * stride, rows, j * headDim, headDim);
    }
    Arrays.fill(rows, count * headDim, size, 0);
    PanelReader.transpose(rows, 0, headDim, headDim, columns);
    MemorySegment.copy(columns, 0, panel, FLOAT, panelOffset, size);
  }

  /**
   * Copies columns of rows to a panel {@code [count, PANEL]}, with zeros where there is no column.
   *
   * @param stride bytes from a row to the next
   * @param columns at most {@link Lanes#PANEL}
   */
  static void packColumns(
      Forms forms,
      MemorySegment values,
      long offset,
      long stride,
      int count,
      int columns,
      MemorySegment panel,
      long panelOffset) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null && columns == PANEL) {
      machine.copy(count, PANEL, values, offset, stride, panel, panelOffset, PANEL_BYTES);
      return;
    }
    for (int j = 0; j < count; j++) {
      long row = panelOffset + j * (long) PANEL_BYTES;
      MemorySegment.copy(values, offset + j * stride, panel, row, (long) columns * Float.BYTES);
      for (int c = columns; c < PANEL; c++) {
        panel.set(FLOAT, row + (long) c * Float.BYTES, 0);
      }
    }
  }

  private void makeRoom(int size) {
    if (rows.length < size) {
      rows = new float[size];
      columns = new float[size];
    }
  }

  /**
   * Takes rows out of a panel.
   *
   * @param panel holds {@code headDim} rows of {@link Lanes#PANEL} floats
   * @param count rows to take, 1 to {@link Lanes#PANEL}
   * @param target where {@code [count, headDim]} is written
   */
  void unpack(
      MemorySegment panel,
      long panelOffset,
      int count,
      int headDim,
      MemorySegment target,
      long offset) {
    int size = PANEL * headDim;
    makeRoom(size);
    MemorySegment.copy(panel, FLOAT, panelOffset, columns, 0, size);
    for (int j = 0; j < count; j++) {
      for (int d = 0; d < headDim; d++) {
        rows[j * headDim + d] = columns[d * PANEL + j];
      }
    }
    MemorySegment.copy(rows, 0, target, FLOAT, offset, count * headDim);
  }
}
