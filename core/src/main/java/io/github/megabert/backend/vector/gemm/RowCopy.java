// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** Copies rows of a matrix to {@link StridedRows}, many on all threads. */
final class RowCopy implements RowSource, Team.Body {
  /** Rows a task, at least. */
  private static final int LEAST = 4;

  /** Tasks a thread, where there are so many rows. */
  private static final int TASKS = 4;

  /** Floats below which more threads cost more than they bring, some 3 µs. */
  private static final int SERIAL = 1 << 15;

  private final Team team;
  private final Forms forms;
  private final StridedRows target;
  private MemorySegment x = MemorySegment.NULL;
  private int width;
  private int firstColumn;
  private int inputs;
  private int first;
  private int rows;

  /** Rows a task, the last may have fewer. */
  private int step;

  RowCopy(Team team, Forms forms, StridedRows target) {
    this.team = team;
    this.forms = forms;
    this.target = target;
  }

  /** Says of which matrix, and which of its columns are the inputs. */
  void set(HostMatrix matrix, int fromColumn, int columns) {
    x = matrix.segment();
    width = matrix.columns();
    firstColumn = fromColumn;
    inputs = columns;
  }

  @Override
  public void take(int firstRow, int count) {
    first = firstRow;
    rows = count;
    target.shape(count, inputs);
    boolean isSerial = team.slots() == 1 || (long) rows * inputs < SERIAL;
    step = isSerial ? rows : Math.max(LEAST, Math.ceilDiv(rows, TASKS * team.slots()));
    int tasks = Math.ceilDiv(rows, step) * blocks();
    if (!isSerial) {
      team.run(tasks, this);
      return;
    }
    for (int task = 0; task < tasks; task++) {
      run(task, Team.NONE, 0);
    }
  }

  private int blocks() {
    return Math.ceilDiv(inputs, Gemm.DEPTH);
  }

  @Override
  public MemorySegment segment() {
    return target.segment();
  }

  @Override
  public int at(int row, int depth) {
    return target.at(row - first, depth);
  }

  @Override
  public void run(int task, int next, int slot) {
    int depth = task % blocks() * Gemm.DEPTH;
    int count = Math.min(Gemm.DEPTH, inputs - depth);
    int from = task / blocks() * step;
    int to = Math.min(rows, from + step);
    long at = ((long) (first + from) * width + firstColumn + depth) * Float.BYTES;
    target.copy(forms, from, to - from, depth, x, at, (long) width * Float.BYTES, count);
  }
}
