// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Products of float32 rows with a panel {@code [depth, 2 vectors]}, {@code c[r, n] = Σ x[r, k] ·
 * panel[k, n]} in the order of k.
 *
 * @param form what they were made for
 * @param strided tiles of rows at a constant distance, of the form's lowest height on
 * @param byRows a tile of one row, of two, …
 * @param touch brings in the beginnings of pages
 */
public record FloatTiles(
    Form form, List<MemorySegment> strided, List<MemorySegment> byRows, MemorySegment touch) {
  /** Rows of the highest tile of rows as they lie. */
  private static final int MOST_ROWS = 4;

  /** Multiply-adds of one call, at most: 50 µs of a core of 40 thousand millions a second. */
  private static final long MOST_WORK = 1 << 21;

  private static final int LINE = 64;
  private static final int PAGE = 4096;

  /**
   * The layout of the operands.
   *
   * @param lanes floats of a vector, 8 or 16
   * @param high rows of the highest tile
   * @param low rows of the lowest; there is one of every height between
   * @param distance floats from a row to the next in {@link FloatTiles#strided}
   */
  public record Form(int lanes, int high, int low, int distance) {
    long panelBytes() {
      return 2L * lanes * Float.BYTES;
    }

    int bits() {
      return lanes * Float.SIZE;
    }

    /** Tiles into which rows are cut. */
    int tiles(int rows) {
      return Math.max(1, Math.ceilDiv(rows, high));
    }

    /** Rows of the first of these; those behind have as many or one less. */
    int height(int rows) {
      return Math.max(low, Math.ceilDiv(rows, tiles(rows)));
    }

    /** How many have as many. */
    int highest(int rows) {
      int tiles = tiles(rows);
      int height = height(rows);
      return height == low ? tiles : Math.min(tiles, rows - tiles * (height - 1));
    }

    /** Rows of all tiles: at least as many as are to be multiplied. */
    int held(int rows) {
      return tiles(rows) * (height(rows) - 1) + highest(rows);
    }
  }

  /** The code of all kernels, in the order in which {@link #load} takes it. */
  static List<Assembler> code(Form form) {
    int distance = form.distance() * Float.BYTES;
    List<Assembler> code = new ArrayList<>();
    code.add(FloatTileCode.touchPages(PAGE, LINE));
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
      code.add(FloatTileCode.rows(form.bits(), rows));
    }
    for (int rows = form.low(); rows <= form.high(); rows++) {
      code.add(FloatTileCode.strided(form.bits(), rows, distance, 2));
    }
    return code;
  }

  static FloatTiles load(CodeMemory memory, Arena arena, Form form) throws MachineCodeException {
    List<MemorySegment> code =
        memory.load(arena, code(form).stream().map(Assembler::bytes).toList());
    int others = 1 + MOST_ROWS;
    return new FloatTiles(
        form, code.subList(others, code.size()), code.subList(1, others), code.getFirst());
  }

  /**
   * Multiplies rows by a panel, in as few tiles as can be, whose heights differ by one at most.
   *
   * @param rows float32 at the form's distance
   * @param rowsOffset floats before the first row
   * @param count of rows; fewer than the lowest tile has are multiplied with those behind them
   * @param ahead brought into the cache meanwhile, evenly, {@code aheadBytes} from {@code
   *     aheadOffset} on; none are where that is 0
   * @param c {@code [tiles' rows, panel]}, overwritten
   */
  public void strided(
      int count,
      int depth,
      MemorySegment rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      MemorySegment c,
      long cOffset) {
    int tiles = form.tiles(count);
    int height = form.height(count);
    int highest = form.highest(count);
    int held = form.held(count);
    long floats = (held - 1L) * form.distance() + depth;
    Objects.checkFromIndexSize(
        rowsOffset * (long) Float.BYTES, floats * Float.BYTES, rows.byteSize());
    Objects.checkFromIndexSize(panelOffset, depth * form.panelBytes(), panel.byteSize());
    Objects.checkFromIndexSize(cOffset, held * form.panelBytes(), c.byteSize());
    NativeCall.requireWritable(c);
    // Two lines a step of k. The last may be behind what is to be read, where it does no harm.
    long step = Math.ceilDiv(aheadBytes, Math.max(1L, 2L * depth * tiles));
    long from =
        tiles(
            height,
            highest,
            depth,
            rows,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            step,
            c,
            cOffset);
    int row = highest * height;
    tiles(
        height - 1,
        tiles - highest,
        depth,
        rows,
        rowsOffset + row * form.distance(),
        panel,
        panelOffset,
        ahead,
        from,
        step,
        c,
        cOffset + row * form.panelBytes());
  }

  /** Tiles of one kernel, so many a call as its time allows; where reading ahead goes on. */
  private long tiles(
      int height,
      int tiles,
      int depth,
      MemorySegment x,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long step,
      MemorySegment c,
      long cOffset) {
    if (tiles == 0) {
      return aheadOffset;
    }
    MemorySegment kernel = strided.get(height - form.low());
    long work = (long) height * depth * 2 * form.lanes();
    int most = Math.clamp(MOST_WORK / Math.max(1, work), 1, Integer.MAX_VALUE);
    long rowBytes = (long) form.distance() * Float.BYTES;
    long next = aheadOffset;
    for (int tile = 0; tile < tiles; tile += most) {
      int count = Math.min(most, tiles - tile);
      long row = (long) tile * height;
      NativeCall.call(
          kernel,
          x,
          panel,
          c,
          depth,
          count,
          ahead,
          step,
          rowsOffset * (long) Float.BYTES + row * rowBytes,
          panelOffset,
          cOffset + row * form.panelBytes(),
          next);
      next += (long) count * depth * 2 * step;
    }
    return next;
  }

  /**
   * Multiplies one to four rows as they lie by a panel.
   *
   * @param xStride bytes from a row to the next
   * @param c {@code [rows, panel]}, overwritten
   */
  public void rows(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    long xBytes = (rows - 1) * xStride + (long) depth * Float.BYTES;
    Objects.checkFromIndexSize(xOffset, xBytes, x.byteSize());
    Objects.checkFromIndexSize(panelOffset, depth * form.panelBytes(), panel.byteSize());
    Objects.checkFromIndexSize(cOffset, rows * form.panelBytes(), c.byteSize());
    NativeCall.requireWritable(c);
    MemorySegment kernel = byRows.get(rows - 1);
    MemorySegment none = MemorySegment.NULL;
    NativeCall.call(kernel, x, panel, c, depth, xStride, none, 0, xOffset, panelOffset, cOffset, 0);
  }

  /** Loads the first two lines of each page, so that the processor fetches the rest. */
  public void touchPages(MemorySegment ahead, long offset, long bytes) {
    if (bytes > LINE) {
      Objects.checkFromIndexSize(offset, bytes, ahead.byteSize());
      MemorySegment none = MemorySegment.NULL;
      long pages = Math.ceilDiv(bytes - LINE, (long) PAGE);
      NativeCall.call(touch, none, none, none, 0, pages, ahead, 0, 0, 0, 0, offset);
    }
  }
}
