// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.Team;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies columns of a matrix, as rows, to {@link StridedRows}, on all threads. On the way it adds
 * up each column, if asked to: so a gradient is read once for its weight and its bias.
 */
final class ColumnCopy implements RowSource, Team.Body {
  /** Columns a task: a kilobyte of each row, because shorter pieces of far rows come slowly. */
  private static final int COLUMNS = 256;

  /**
   * Rows of the matrix that are fetched at once: those of {@link ColumnSums}, so that both give the
   * same bits, and a divisor of {@link Gemm#DEPTH}, so that no block crosses one.
   */
  private static final int ROWS = ColumnSums.ROWS;

  /** Floats from a fetched row to the next; a power of two would share sets of the cache. */
  private static final int DISTANCE = COLUMNS + 16;

  private final Team team;
  private final StridedRows target;

  /** Of each slot, {@code [ROWS, COLUMNS]} as they lie, {@link #DISTANCE} apart. */
  private final float[][] fetched;

  /** Of each block of rows, the sums of the columns that are copied; empty unless asked for. */
  private float[] sums = {};

  private @Nullable MemorySegment sum;

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

  /**
   * Says of which matrix, and which of its rows are the inputs.
   *
   * @param columnSum a float for each column, to which the sums of these rows are added
   */
  void set(HostMatrix matrix, int fromRow, int rows, @Nullable MemorySegment columnSum) {
    sum = columnSum;
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
    int blocks = Math.ceilDiv(inputs, ROWS);
    if (sum != null && sums.length < blocks * count) {
      sums = new float[blocks * count];
    }
    team.run(Math.ceilDiv(count, COLUMNS) * blocks, this);
    if (sum != null) {
      addSums(sum, blocks);
    }
  }

  /** In the order of rows, so that the threads change nothing. */
  private void addSums(MemorySegment target, int blocks) {
    for (int column = 0; column < columns; column++) {
      long at = (long) (first + column) * Float.BYTES;
      float total = target.get(Lanes.FLOAT, at);
      for (int block = 0; block < blocks; block++) {
        total += sums[block * columns + column];
      }
      target.set(Lanes.FLOAT, at, total);
    }
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
    if (fetched[slot] == null) {
      fetched[slot] = new float[ROWS * DISTANCE];
    }
    float[] block = fetched[slot];
    int blocks = Math.ceilDiv(inputs, ROWS);
    int input = task % blocks * ROWS;
    int from = task / blocks * COLUMNS;
    int rows = Math.min(ROWS, inputs - input);
    int count = Math.min(COLUMNS, columns - from);
    for (int row = 0; row < rows; row++) {
      long at = ((long) (firstRow + input + row) * width + first + from) * Float.BYTES;
      MemorySegment.copy(x, Lanes.FLOAT, at, block, row * DISTANCE, count);
    }
    if (sum != null) {
      addUp(block, rows, count, input / ROWS * columns + from);
    }
    int depth = input / Gemm.DEPTH * Gemm.DEPTH;
    for (int column = 0; column < count; column++) {
      int to = target.at(from + column, depth) + input - depth;
      transpose(block, column, rows, target.floats(), to);
    }
  }

  private void addUp(float[] block, int rows, int count, int to) {
    System.arraycopy(block, 0, sums, to, count);
    for (int row = 1; row < rows; row++) {
      int from = row * DISTANCE;
      for (int column = 0; column < count; column++) {
        sums[to + column] += block[from + column];
      }
    }
  }

  private static void transpose(float[] block, int column, int rows, float[] floats, int to) {
    for (int row = 0; row < rows; row++) {
      floats[to + row] = block[row * DISTANCE + column];
    }
  }
}
