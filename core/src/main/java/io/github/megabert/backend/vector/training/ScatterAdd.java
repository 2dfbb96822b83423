// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/**
 * {@code table[rows[i]] += x[i]}: the adjoint of embeddings and of gathered rows. A task has some
 * columns of all rows, so no two add to one number, and every number's terms come in the order of
 * x.
 */
public final class ScatterAdd implements Team.Body {
  /** Columns a task: whole cache lines, and few enough for small tables to be shared. */
  private static final int COLUMNS = 128;

  private final Team team;
  private final Forms forms;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment table = MemorySegment.NULL;
  private int columns;
  private int[] rows = new int[0];
  private int without;

  public ScatterAdd(Team team, Forms forms) {
    this.team = team;
    this.forms = forms;
  }

  /**
   * Adds rows to a table of as many columns.
   *
   * @param targets the table's row for each row of x; negative for none
   * @param omitted the table's row that stays as it is, or -1
   */
  public void add(HostMatrix source, int[] targets, int omitted, HostMatrix target) {
    x = source.segment();
    columns = source.columns();
    rows = targets;
    without = omitted;
    table = target.segment();
    team.run(Math.ceilDiv(columns, COLUMNS), this);
  }

  @Override
  public void run(int task, int next, int slot) {
    int column = task * COLUMNS;
    int count = Math.min(COLUMNS, columns - column);
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] >= 0 && rows[i] != without) {
        long from = ((long) i * columns + column) * Float.BYTES;
        long to = ((long) rows[i] * columns + column) * Float.BYTES;
        AddRows.add(forms, 1, count, x, from, 0, table, to, 0);
      }
    }
  }
}
