// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.host.HostCollectives;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** What a rank tells of its logits, see {@link HostCollectives#STATISTICS}: a row is a task. */
public final class RowStatistics implements Team.Body {
  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment values = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private HostMatrix target = new HostMatrix(MemorySegment.NULL, 0, 0);
  private int columns;
  private int[] labels = {};
  private int first;

  public RowStatistics(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
  }

  /**
   * Writes a row's four numbers.
   *
   * @param wanted a class among all a row, or a negative number
   * @param firstClass the class of the first column
   */
  public void of(HostMatrix logits, int[] wanted, int firstClass, HostMatrix out) {
    values = logits.segment();
    columns = logits.columns();
    labels = wanted;
    first = firstClass;
    target = out;
    lanes = memory.ofSize((long) team.slots() * VECTOR_BYTES);
    team.run(logits.rows(), this);
  }

  @Override
  public void run(int row, int next, int slot) {
    long at = (long) row * columns * Float.BYTES;
    long lane = (long) slot * VECTOR_BYTES;
    float max = RowMax.of(forms, values, at, PANEL_BYTES, columns);
    int label = labels[row] - first;
    boolean isOwn = labels[row] >= 0 && label >= 0 && label < columns;
    target.set(row, 0, max);
    target.set(row, 1, SumOfExponentials.of(forms, values, at, columns, max, 1, lanes, lane));
    target.set(row, 2, isOwn ? values.get(FLOAT, at + (long) label * Float.BYTES) : 0);
    double rest = SumOfDifferences.of(forms, values, at, columns, max, lanes, lane);
    target.set(row, 3, rest + (double) columns * max);
  }
}
