package io.github.megabert.backend.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How panels come from the memory. The first tile that meets a panel would wait for every line of
 * it, at half the memory's speed, and the others would leave the memory idle.
 *
 * <p>With few rows, a panel is touched before it is multiplied: plain loads from four places at
 * once take all that the memory delivers. With many, the {@link TallTile tall tiles} of one panel
 * read the next, slowly enough that the multiply-adds go on. The same is done by {@link StreamTile}
 * with few rows, as fast as the memory can, where that is known to hold all panels.
 */
final class ReadAhead {
  /** Bytes of a cache line. */
  private static final int LINE = 64;

  /** Places that are read from at once. */
  private static final int PLACES = 4;

  /** Rows from which panels are not touched first: the products then hide more of the reading. */
  private static final int MANY_ROWS = 40;

  private static final long UNLIKELY = 0x9e37;

  @SuppressWarnings("unused") // It is written so that what was computed for it cannot be dropped.
  private static volatile long kept;

  private ReadAhead() {}

  /** Whether a panel is touched before {@code rows} rows are multiplied by it. */
  static boolean touchesFirst(int rows) {
    return rows > Lanes.MAX_ROWS && rows < MANY_ROWS;
  }

  /**
   * Loads a byte from every cache line. Bytes, here and in {@link TallTile}, because of all numbers
   * only they are read by an intrinsic method itself: wider ones go through a small method on top
   * of it, which C2 does not inline where it takes the call for rare. In one process of three it
   * did, and a tile with a call in its loop was eight times as slow, for good.
   */
  static void touch(MemorySegment memory, long offset, long bytes) {
    long part = bytes / (PLACES * LINE) * LINE;
    long first = 0;
    long second = 0;
    long third = 0;
    long fourth = 0;
    for (long at = offset; at < offset + part; at += LINE) {
      first += memory.get(ValueLayout.JAVA_BYTE, at);
      second += memory.get(ValueLayout.JAVA_BYTE, at + part);
      third += memory.get(ValueLayout.JAVA_BYTE, at + 2 * part);
      fourth += memory.get(ValueLayout.JAVA_BYTE, at + 3 * part);
    }
    keep(first + second + third + fourth);
  }

  /** Keeps C2 from dropping the loads whose sum this is. */
  static void keep(long touched) {
    if (touched == UNLIKELY) {
      kept = touched;
    }
  }
}
