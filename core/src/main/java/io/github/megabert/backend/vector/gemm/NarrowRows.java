// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.Team;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a matrix, rounded for {@link NarrowTiles}. As in {@link StridedRows} a row is cut into
 * blocks of {@link Gemm#DEPTH} inputs: all first blocks lie behind one another, then all second
 * ones, and behind the last row is room for those that a tile has more.
 */
final class NarrowRows implements Team.Body {
  /** Rows a task. */
  private static final int TASK = 8;

  /** Numbers below which more threads cost more than they bring, some 3 µs. */
  private static final int SERIAL = 1 << 15;

  /** Rows of AMX's lower tile, the highest of those that a number of rows is rounded up to. */
  private static final int TILE = 16;

  private final Team team;
  private @Nullable NarrowTiles tiles;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment memory = MemorySegment.NULL;
  private long base;
  private int width;
  private int inputs;
  private int first;
  private int rows;

  NarrowRows(Team team) {
    this.team = team;
  }

  /** Bytes that so many rows need. */
  static long bytes(NarrowTiles.Form form, int rows, int inputs) {
    return (long) blocks(inputs) * held(rows) * form.distance();
  }

  private static int held(int rows) {
    return rows + TILE - 1;
  }

  private static int blocks(int inputs) {
    return Math.ceilDiv(inputs, Gemm.DEPTH);
  }

  /** Rounds rows of a matrix to the memory from {@code offset} on. */
  void take(
      NarrowTiles narrow, HostMatrix matrix, int from, int count, MemorySegment to, long offset) {
    tiles = narrow;
    x = matrix.segment();
    width = matrix.columns();
    inputs = width;
    first = from;
    rows = count;
    memory = to;
    base = offset;
    int tasks = Math.ceilDiv(rows, TASK) * blocks(inputs);
    if ((long) rows * inputs >= SERIAL) {
      team.run(tasks, this);
      return;
    }
    for (int task = 0; task < tasks; task++) {
      run(task, Team.NONE, 0);
    }
  }

  @Override
  public void run(int task, int next, int slot) {
    NarrowTiles narrow = tiles;
    if (narrow == null) {
      throw new IllegalStateException("no rows were asked for");
    }
    int depth = task % blocks(inputs) * Gemm.DEPTH;
    int from = task / blocks(inputs) * TASK;
    narrow.round(
        Math.min(rows, from + TASK) - from,
        Math.min(Gemm.DEPTH, inputs - depth),
        x,
        ((long) (first + from) * width + depth) * Float.BYTES,
        (long) width * Float.BYTES,
        memory,
        at(narrow.form(), first + from, depth));
  }

  /** Where a row's block of inputs from {@code depth} on begins. */
  private long at(NarrowTiles.Form form, int row, int depth) {
    return base + (depth / Gemm.DEPTH * held(rows) + row - first) * (long) form.distance();
  }

  /** {@code c = rows · panel} of one block of inputs. */
  void multiply(
      int row,
      int count,
      int depth,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      MemorySegment c,
      long cOffset) {
    NarrowTiles narrow = tiles;
    if (narrow == null) {
      throw new IllegalStateException("no rows were rounded");
    }
    int part = Math.min(Gemm.DEPTH, inputs - depth);
    long at = at(narrow.form(), row, depth);
    if (count <= RowTiles.MAX_ROWS) {
      narrow.multiply(
          count,
          1,
          part,
          memory,
          at,
          panel,
          panelOffset,
          ahead,
          aheadOffset,
          aheadBytes,
          c,
          cOffset);
      return;
    }
    boolean byAmx = narrow.isAmx(part);
    int tiles16 = Math.ceilDiv(count, TILE);
    int highRows = byAmx ? 2 * TILE : StridedTiles.HIGH;
    int lowRows = byAmx ? TILE : StridedTiles.LOW;
    int high = byAmx ? tiles16 / 2 : StridedTiles.highTiles(count);
    int low = byAmx ? tiles16 % 2 : StridedTiles.lowTiles(count);
    long share = aheadBytes / (high + low);
    if (high > 0) {
      narrow.multiply(
          highRows,
          high,
          part,
          memory,
          at,
          panel,
          panelOffset,
          ahead,
          aheadOffset,
          share * high,
          c,
          cOffset);
    }
    if (low > 0) {
      int before = high * highRows;
      narrow.multiply(
          lowRows,
          low,
          part,
          memory,
          at + before * (long) narrow.form().distance(),
          panel,
          panelOffset,
          ahead,
          aheadOffset + share * high,
          share * low,
          c,
          cOffset + before * (long) Lanes.PANEL_BYTES);
    }
  }
}
