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
 * @param high tiles of many rows
 * @param low tiles of fewer
 * @param byRows a tile of one row, of two, …
 * @param touch brings in the beginnings of pages
 */
public record FloatTiles(
    Form form,
    MemorySegment high,
    MemorySegment low,
    List<MemorySegment> byRows,
    MemorySegment touch) {
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
   * @param high rows of a high tile
   * @param low rows of a low tile
   * @param distance floats from a row to the next in {@link FloatTiles#strided}
   */
  public record Form(int lanes, int high, int low, int distance) {
    long panelBytes() {
      return 2L * lanes * Float.BYTES;
    }

    int bits() {
      return lanes * Float.SIZE;
    }
  }

  /** The code of all kernels, in the order in which {@link #load} takes it. */
  static List<Assembler> code(Form form) {
    int distance = form.distance() * Float.BYTES;
    List<Assembler> code = new ArrayList<>();
    code.add(FloatTileCode.strided(form.bits(), form.high(), distance, 1));
    code.add(FloatTileCode.strided(form.bits(), form.low(), distance, 2));
    code.add(FloatTileCode.touchPages(PAGE, LINE));
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
      code.add(FloatTileCode.rows(form.bits(), rows));
    }
    return code;
  }

  static FloatTiles load(CodeMemory memory, Arena arena, Form form) throws MachineCodeException {
    List<MemorySegment> code =
        memory.load(arena, code(form).stream().map(Assembler::bytes).toList());
    return new FloatTiles(
        form, code.get(0), code.get(1), code.subList(3, code.size()), code.get(2));
  }

  /**
   * Multiplies high tiles of rows and low ones behind them by a panel.
   *
   * @param rows at the form's distance, the first from {@code rowsOffset} on
   * @param ahead brought into the cache meanwhile, evenly, {@code aheadBytes} from {@code
   *     aheadOffset} on; none are where that is 0
   * @param c {@code [high·rows + low·rows, panel]}, overwritten
   */
  public void strided(
      int highTiles,
      int lowTiles,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      MemorySegment c,
      long cOffset) {
    int count = highTiles * form.high() + lowTiles * form.low();
    long floats = (count - 1L) * form.distance() + depth;
    Objects.checkFromIndexSize(rowsOffset, floats, (long) rows.length);
    Objects.checkFromIndexSize(panelOffset, depth * form.panelBytes(), panel.byteSize());
    Objects.checkFromIndexSize(cOffset, count * form.panelBytes(), c.byteSize());
    NativeCall.requireWritable(c);
    MemorySegment x = MemorySegment.ofArray(rows);
    // Two lines a step for low tiles, so that half a step is enough; none is beyond what it reads.
    long steps = Math.max(1L, (long) depth * (highTiles + lowTiles));
    long step = Math.ceilDiv(aheadBytes, steps);
    long half = Math.ceilDiv(aheadBytes, 2 * steps);
    long from =
        tiles(
            high,
            form.high(),
            highTiles,
            depth,
            x,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            step,
            step,
            c,
            cOffset);
    int row = highTiles * form.high();
    tiles(
        low,
        form.low(),
        lowTiles,
        depth,
        x,
        rowsOffset + row * form.distance(),
        panel,
        panelOffset,
        ahead,
        from,
        half,
        2 * half,
        c,
        cOffset + row * form.panelBytes());
  }

  /** Tiles of one kernel, so many a call as its time allows; where reading ahead goes on. */
  private long tiles(
      MemorySegment kernel,
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
      long stride,
      MemorySegment c,
      long cOffset) {
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
      next += (long) count * depth * stride;
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
