package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.Team;
import java.lang.foreign.MemorySegment;

/** Copies columns of a matrix, as rows, to {@link StridedRows}, on all threads. */
final class ColumnCopy implements RowSource, Team.Body {
  /** Columns a task. */
  private static final int COLUMNS = 64;

  /** Rows of the matrix that are fetched at once: with the columns, 32 KiB. */
  private static final int ROWS = 128;

  private final Team team;
  private final StridedRows target;

  /** Of each slot, {@code [ROWS, COLUMNS]} as they lie. */
  private final float[][] fetched;

  private MemorySegment x = MemorySegment.NULL;
  private int width;
  private int firstRow;
  private int inputs;
  private int first;
  private int columns;

  ColumnCopy(Team team, StridedRows target) {
    this.team = team;
    this.target = target;
    fetched = new float[team.slots()][];
  }

  /** Says of which matrix, and which of its rows are the inputs. */
  void set(HostMatrix matrix, int fromRow, int rows) {
    x = matrix.segment();
    width = matrix.columns();
    firstRow = fromRow;
    inputs = rows;
  }

  @Override
  public void take(int firstColumn, int count) {
    first = firstColumn;
    columns = count;
    target.shape(count, inputs);
    team.run(Math.ceilDiv(count, COLUMNS) * Math.ceilDiv(inputs, ROWS), this);
  }

  @Override
  public float[] floats() {
    return target.floats();
  }

  @Override
  public int at(int row, int depth) {
    return target.at(row - first, depth);
  }

  @Override
  public void run(int task, int next, int slot) {
    if (fetched[slot] == null) {
      fetched[slot] = new float[ROWS * COLUMNS];
    }
    float[] block = fetched[slot];
    int blocks = Math.ceilDiv(inputs, ROWS);
    int input = task % blocks * ROWS;
    int from = task / blocks * COLUMNS;
    int rows = Math.min(ROWS, inputs - input);
    int count = Math.min(COLUMNS, columns - from);
    for (int row = 0; row < rows; row++) {
      long at = ((long) (firstRow + input + row) * width + first + from) * Float.BYTES;
      MemorySegment.copy(x, Lanes.FLOAT, at, block, row * COLUMNS, count);
    }
    int depth = input / Gemm.DEPTH * Gemm.DEPTH;
    for (int column = 0; column < count; column++) {
      int to = target.at(from + column, depth) + input - depth;
      transpose(block, column, rows, target.floats(), to);
    }
  }

  private static void transpose(float[] block, int column, int rows, float[] floats, int to) {
    for (int row = 0; row < rows; row++) {
      floats[to + row] = block[row * COLUMNS + column];
    }
  }
}
