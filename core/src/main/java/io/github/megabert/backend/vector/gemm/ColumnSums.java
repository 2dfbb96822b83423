// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/**
 * Adds up the rows of a matrix, some columns a task. Blocks of rows are added up each for itself,
 * so that rounding grows less, in the order of rows: the threads change nothing.
 */
final class ColumnSums implements Team.Body {
  /** Columns a task: a kilobyte of each row. */
  private static final int COLUMNS = 256;

  /** Rows of a block. */
  static final int ROWS = 64;

  private static final long SLOT_BYTES = (long) COLUMNS * Float.BYTES;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment buffers = MemorySegment.NULL;
  private MemorySegment matrix = MemorySegment.NULL;
  private MemorySegment target = MemorySegment.NULL;
  private int rows;
  private int columns;

  ColumnSums(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
  }

  /**
   * {@code sum += Σ x}.
   *
   * @param x {@code [rows, columns]}
   * @param sum {@code columns} floats
   */
  void add(HostMatrix x, MemorySegment sum) {
    matrix = x.segment();
    target = sum;
    rows = x.rows();
    columns = x.columns();
    buffers = memory.ofSize(team.slots() * SLOT_BYTES);
    team.run(Math.ceilDiv(columns, COLUMNS), this);
  }

  @Override
  public void run(int task, int next, int slot) {
    int from = task * COLUMNS;
    int count = Math.min(COLUMNS, columns - from);
    long stride = (long) columns * Float.BYTES;
    long to = (long) from * Float.BYTES;
    long part = slot * SLOT_BYTES;
    for (int row = 0; row < rows; row += ROWS) {
      int others = Math.min(ROWS, rows - row) - 1;
      long at = row * stride + to;
      MemorySegment.copy(matrix, at, buffers, part, (long) count * Float.BYTES);
      AddRows.add(forms, others, count, matrix, at + stride, stride, buffers, part, 0);
      AddRows.add(forms, 1, count, buffers, part, 0, target, to, 0);
    }
  }
}
