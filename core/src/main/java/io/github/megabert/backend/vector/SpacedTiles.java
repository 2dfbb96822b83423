package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * The microkernels of every product of five rows or more: as {@link RowTiles}, but of {@link
 * SpacedRows spaced} rows, which one address serves, and higher, so that what is loaded of the panel
 * serves more of them. Twelve and eight rows where there are 32 vector registers, six and four where
 * there are 16: accumulators, two vectors of the panel and a broadcast.
 *
 * <p>Any number of rows from five on is cut into high and low tiles so that a last tile has at most
 * {@link #UNIT} - 1 rows too many: of these the results are without meaning.
 *
 * <p>Meanwhile a tile may {@link ReadAhead read ahead} a part of the weights to come: for each k it
 * loads a byte of them, low ones in two places, for with few rows there is more to bring in for each
 * multiply-add. Bytes, because of all numbers only they are read by an intrinsic method itself: wider
 * ones go through a small method on top of it, which C2 does not inline where it takes the call for
 * rare. In one process of three it did, and a tile with a call in its loop was eight times as slow,
 * for good.
 */
final class SpacedTiles {
  /** High tiles have three times as many rows, low ones twice as many. */
  static final int UNIT = Lanes.REGISTERS >= 32 ? 4 : 2;

  /** Rows of a high tile. */
  static final int HIGH = 3 * UNIT;

  /** Rows of a low tile. */
  static final int LOW = 2 * UNIT;

  /** Bytes of a row of the result. */
  private static final long ROW_BYTES = PANEL_BYTES;

  private static final int NEXT = SpacedRows.DISTANCE;

  /** Bytes of a cache line. */
  private static final int LINE = 64;

  /** Bytes of a page, at whose end a processor stops fetching ahead. */
  private static final int PAGE = 4096;

  private static final long UNLIKELY = 0x9e37;

  @SuppressWarnings("unused") // It is written so that what was computed for it cannot be dropped.
  private static volatile long kept;

  private SpacedTiles() {}

  /** Low tiles into which rows are cut; all others are high. */
  static int lowTiles(int rows) {
    int units = units(rows);
    return (3 - units % 3) % 3;
  }

  /** High tiles into which rows are cut. */
  static int highTiles(int rows) {
    return (units(rows) - 2 * lowTiles(rows)) / 3;
  }

  private static int units(int rows) {
    return Math.max(2, Math.ceilDiv(rows, UNIT));
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows {@link SpacedRows spaced} rows, the first from {@code rowsOffset} on
   * @param count number of rows
   * @param depth number of k
   * @param ahead what is to come, {@code aheadBytes} from {@code aheadOffset} on, a multiple of the
   *     depth
   * @param way how it is brought in
   * @param c {@code [rows of all tiles, PANEL]}, overwritten
   */
  static void multiply(
      float[] rows,
      int rowsOffset,
      int count,
      int depth,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      ReadAhead.Way way,
      MemorySegment c,
      long cOffset) {
    int high = highTiles(count);
    int low = lowTiles(count);
    long step = 0;
    long halfStep = 0;
    if (way != ReadAhead.Way.NONE) {
      touchPages(ahead, aheadOffset, aheadBytes);
    }
    if (way == ReadAhead.Way.LINES) {
      step = Math.ceilDiv(aheadBytes, (long) depth * (high + low));
      halfStep = aheadBytes / (2L * depth * (high + low));
    }
    long part = depth * step;
    long end = aheadBytes - part;
    int x = rowsOffset;
    long to = cOffset;
    for (int tile = 0; tile < high; tile++) {
      long next = aheadOffset + Math.min(tile * part, end);
      keep(high(depth, rows, x, panel, panelOffset, ahead, next, step, c, to));
      x += HIGH * NEXT;
      to += HIGH * ROW_BYTES;
    }
    long half = depth * halfStep;
    for (int tile = high; tile < high + low; tile++) {
      long next = aheadOffset + 2L * tile * half;
      keep(low(depth, rows, x, panel, panelOffset, ahead, next, half, halfStep, c, to));
      x += LOW * NEXT;
      to += LOW * ROW_BYTES;
    }
  }

  /** Loads the first two lines of each page: two get the processor to fetch the rest. */
  private static void touchPages(MemorySegment memory, long offset, long bytes) {
    long touched = 0;
    for (long at = 0; at < bytes - LINE; at += PAGE) {
      touched += memory.get(ValueLayout.JAVA_BYTE, offset + at);
      touched += memory.get(ValueLayout.JAVA_BYTE, offset + at + LINE);
    }
    keep(touched);
  }

  /** Keeps C2 from dropping the loads whose sum this is. */
  private static void keep(long touched) {
    if (touched == UNLIKELY) {
      kept = touched;
    }
  }

  private static long high(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    return UNIT == 4
        ? multiply12(
            depth, rows, rowsOffset, panel, panelOffset, ahead, aheadOffset, aheadStep, c, cOffset)
        : multiply6(
            depth, rows, rowsOffset, panel, panelOffset, ahead, aheadOffset, aheadStep, c, cOffset);
  }

  private static long low(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadHalf,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    return UNIT == 4
        ? multiply8(
            depth,
            rows,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadHalf,
            aheadStep,
            c,
            cOffset)
        : multiply4(
            depth,
            rows,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadHalf,
            aheadStep,
            c,
            cOffset);
  }

  private static long multiply12(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    FloatVector l8 = FloatVector.zero(SPECIES);
    FloatVector h8 = FloatVector.zero(SPECIES);
    FloatVector l9 = FloatVector.zero(SPECIES);
    FloatVector h9 = FloatVector.zero(SPECIES);
    FloatVector l10 = FloatVector.zero(SPECIES);
    FloatVector h10 = FloatVector.zero(SPECIES);
    FloatVector l11 = FloatVector.zero(SPECIES);
    FloatVector h11 = FloatVector.zero(SPECIES);
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      touched += ahead.get(ValueLayout.JAVA_BYTE, aheadOffset + k * aheadStep);
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
      e = FloatVector.broadcast(SPECIES, rows[row + 4 * NEXT]);
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, rows[row + 5 * NEXT]);
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, rows[row + 6 * NEXT]);
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, rows[row + 7 * NEXT]);
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, rows[row + 8 * NEXT]);
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
      e = FloatVector.broadcast(SPECIES, rows[row + 9 * NEXT]);
      l9 = e.fma(low, l9);
      h9 = e.fma(high, h9);
      e = FloatVector.broadcast(SPECIES, rows[row + 10 * NEXT]);
      l10 = e.fma(low, l10);
      h10 = e.fma(high, h10);
      e = FloatVector.broadcast(SPECIES, rows[row + 11 * NEXT]);
      l11 = e.fma(low, l11);
      h11 = e.fma(high, h11);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES, ORDER);
    h7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l8.intoMemorySegment(c, cOffset + 8 * ROW_BYTES, ORDER);
    h8.intoMemorySegment(c, cOffset + 8 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l9.intoMemorySegment(c, cOffset + 9 * ROW_BYTES, ORDER);
    h9.intoMemorySegment(c, cOffset + 9 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l10.intoMemorySegment(c, cOffset + 10 * ROW_BYTES, ORDER);
    h10.intoMemorySegment(c, cOffset + 10 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l11.intoMemorySegment(c, cOffset + 11 * ROW_BYTES, ORDER);
    h11.intoMemorySegment(c, cOffset + 11 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }

  private static long multiply8(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadHalf,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      long next = aheadOffset + k * aheadStep;
      touched += ahead.get(ValueLayout.JAVA_BYTE, next);
      touched += ahead.get(ValueLayout.JAVA_BYTE, next + aheadHalf);
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
      e = FloatVector.broadcast(SPECIES, rows[row + 4 * NEXT]);
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, rows[row + 5 * NEXT]);
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, rows[row + 6 * NEXT]);
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, rows[row + 7 * NEXT]);
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES, ORDER);
    h7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }

  private static long multiply6(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      touched += ahead.get(ValueLayout.JAVA_BYTE, aheadOffset + k * aheadStep);
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
      e = FloatVector.broadcast(SPECIES, rows[row + 4 * NEXT]);
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, rows[row + 5 * NEXT]);
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }

  private static long multiply4(
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadHalf,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      long next = aheadOffset + k * aheadStep;
      touched += ahead.get(ValueLayout.JAVA_BYTE, next);
      touched += ahead.get(ValueLayout.JAVA_BYTE, next + aheadHalf);
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }
}
