package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.vector.Team;
import java.lang.foreign.MemorySegment;

/** Copies rows of a matrix to {@link StridedRows}, many on all threads. */
final class RowCopy implements Team.Body {
  /** Rows a task. */
  private static final int TASK = 4;

  /** Floats below which more threads cost more than they bring, some 3 µs. */
  private static final int SERIAL = 1 << 15;

  private final Team team;
  private final StridedRows target = new StridedRows();
  private MemorySegment x = MemorySegment.NULL;
  private int first;
  private int rows;
  private int inputs;

  RowCopy(Team team) {
    this.team = team;
  }

  /**
   * Copies rows.
   *
   * @param matrix all rows
   * @param width floats of a row
   */
  void take(MemorySegment matrix, int width, int firstRow, int count) {
    x = matrix;
    inputs = width;
    first = firstRow;
    rows = count;
    target.shape(count, width);
    int tasks = Math.ceilDiv(rows, TASK) * blocks();
    if ((long) rows * inputs >= SERIAL) {
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

  /** The floats of all rows. */
  float[] floats() {
    return target.floats();
  }

  /** Where a row's block of inputs from {@code depth} on begins. */
  int at(int row, int depth) {
    return target.at(row - first, depth);
  }

  @Override
  public void run(int task, int next, int slot) {
    int depth = task % blocks() * Gemm.DEPTH;
    int count = Math.min(Gemm.DEPTH, inputs - depth);
    int from = task / blocks() * TASK;
    int to = Math.min(rows, from + TASK);
    for (int row = from; row < to; row++) {
      long at = ((long) (first + row) * inputs + depth) * Float.BYTES;
      target.copy(row, depth, x, at, count);
    }
  }
}
