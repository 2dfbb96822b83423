// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.IntegerBlock;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import java.util.Arrays;
import java.util.Objects;

/** Records the adjoint of what reads rows of a table: rows of a gradient are added to its rows. */
final class TableGradients {
  /**
   * Rows of x that come to one row of a table, on average, from which on they are added by parts.
   */
  private static final int MANY_ROWS = 256;

  /** Rows of x of a part. */
  private static final int PART_ROWS = 64;

  private final TornadoComputation computation;
  private final Recording recording;

  TableGradients(TornadoComputation computation, Recording recording) {
    this.computation = computation;
    this.recording = recording;
  }

  /**
   * {@code table[rows[i]] += x[i]}, those of one row of the table in order. A thread has one number
   * of the table, so nothing is added at the same time.
   *
   * @param without a row of the table to which nothing is added, as to those below 0
   */
  void addRows(TornadoMatrix x, int[] rows, int without, TornadoMatrix table) {
    if (rows.length >= (long) MANY_ROWS * table.rows()) {
      addRowsByParts(x, rows, without, table);
    } else {
      addRows(x.operand(), x.columns(), rows, without, table);
    }
  }

  /**
   * The same for tables of so few rows that a thread of each number would have too much to add: one
   * sum for every {@link #PART_ROWS} rows of x and row of the table, then those.
   */
  private void addRowsByParts(TornadoMatrix x, int[] rows, int without, TornadoMatrix table) {
    int parts = Math.ceilDiv(x.capacity(), PART_ROWS);
    int[] ofParts = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      boolean isLeftOut = rows[i] < 0 || rows[i] == without;
      ofParts[i] = isLeftOut ? -1 : rows[i] * parts + i / PART_ROWS;
    }
    int[] ofTable = new int[parts * table.rows()];
    Arrays.setAll(ofTable, part -> part / parts);
    TornadoMatrix sums = computation.own(computation.matrix(ofTable.length, x.columns()), "sums");
    computation.clear(sums.operand(), sums.capacity() * sums.columns());
    addRows(x.operand(), x.columns(), ofParts, -1, sums);
    addRows(sums.operand(), x.columns(), ofTable, -1, table);
  }

  private void addRows(Operand x, int columns, int[] rows, int without, TornadoMatrix target) {
    long[] order = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      order[i] = (long) rows[i] << 32 | i;
    }
    Arrays.sort(order);
    int listed = Buckets.rows(rows.length);
    int segments = Math.min(listed, target.capacity());
    IntegerBlock integers = recording.integers();
    int start = integers.section(3 * segments + listed, 0);
    int segment = -1;
    for (int i = 0; i < order.length; i++) {
      int row = (int) (order[i] >> 32);
      int place = 3 * segments + i;
      integers.set(start + place, (int) order[i]);
      if (row < 0 || row == without) {
        continue;
      }
      Objects.checkIndex(row, target.rows());
      if (i == 0 || row != (int) (order[i - 1] >> 32)) {
        segment++;
        integers.set(start + 3 * segment, row);
        integers.set(start + 3 * segment + 1, place);
      }
      integers.set(start + 3 * segment + 2, place + 1 - integers.get(start + 3 * segment + 1));
    }
    recording.add(
        TrainingTasks.ADD_ROWS,
        Grid.elements(segments * columns),
        Operand.INTEGERS,
        start,
        x,
        target.operand(),
        segments,
        columns);
  }
}
