// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.machine.FloatTiles;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;

/**
 * Products of five rows or more with a panel. They are {@link StridedRows strided}, so that one
 * address serves them all, and cut into tiles that are higher than {@link RowTiles}, so that what
 * is loaded of the panel serves more of them: twelve and eight rows where there are 32 vector
 * registers, for accumulators, two vectors of the panel and a broadcast. Where there are 16, tiles
 * are of four rows, which reach the peak, while five and more spill. Their loops are {@link
 * StridedLoops}.
 *
 * <p>Any number of rows is cut into high and low tiles so that the last has at most {@link #UNIT} -
 * 1 rows too many, of which the results are without meaning. {@link MachineTiles} of 512 bits are
 * of every height from six on, so that they have none too many.
 *
 * <p>Meanwhile {@link ReadAhead} may bring in the weights to come. What is loaded for that are
 * bytes, because of all numbers only they are read by an intrinsic method itself: wider ones go
 * through a small method on top of it, which C2 does not inline where it takes the call for rare.
 * In one process of three it did, and a tile with a call in its loop was eight times as slow, for
 * good.
 */
public final class StridedTiles extends Kernel {
  /** Whether the registers hold tiles of twelve and eight rows. */
  private static final boolean TALL = Lanes.REGISTERS >= 32;

  /** What the height of every tile is a multiple of. */
  public static final int UNIT = 4;

  /** Rows of a high tile. */
  public static final int HIGH = TALL ? 3 * UNIT : UNIT;

  /** Rows of a low tile; there is none where registers are few. */
  public static final int LOW = TALL ? 2 * UNIT : UNIT;

  private static final StridedTiles HIGH_FLOATS = new StridedTiles(HIGH, Precision.F32);
  private static final StridedTiles LOW_FLOATS = new StridedTiles(LOW, Precision.F32);
  private static final StridedTiles HIGH_BFLOAT16S = new StridedTiles(HIGH, Precision.BF16);
  private static final StridedTiles LOW_BFLOAT16S = new StridedTiles(LOW, Precision.BF16);

  private final int height;
  private final Precision precision;

  private StridedTiles(int height, Precision precision) {
    this.height = height;
    this.precision = precision;
  }

  /** The kernel of high tiles over panels in a precision. */
  public static StridedTiles high(Precision precision) {
    return precision == Precision.BF16 ? HIGH_BFLOAT16S : HIGH_FLOATS;
  }

  /** The kernel of low tiles. */
  public static StridedTiles low(Precision precision) {
    return precision == Precision.BF16 ? LOW_BFLOAT16S : LOW_FLOATS;
  }

  /** Low tiles into which rows are cut; all others are high. */
  public static int lowTiles(int rows) {
    int units = units(rows);
    return TALL ? (3 - units % 3) % 3 : 0;
  }

  /** High tiles into which rows are cut. */
  public static int highTiles(int rows) {
    return TALL ? (units(rows) - 2 * lowTiles(rows)) / 3 : units(rows);
  }

  private static int units(int rows) {
    return Math.max(LOW / UNIT, Math.ceilDiv(rows, UNIT));
  }

  /** Whether the vector form of all tiles shall run into which so many rows are cut. */
  static boolean isVector(Forms forms, int rows, Precision precision) {
    if (precision == Precision.F32 && MachineTiles.get(forms) != null) {
      return true;
    }
    boolean isHighReady = highTiles(rows) == 0 || high(precision).isVector(forms);
    boolean isLowReady = lowTiles(rows) == 0 || low(precision).isVector(forms);
    return isHighReady && isLowReady;
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows {@link StridedRows strided} rows, an array of floats, or any memory where the tiles
   *     are machine code; the first from float {@code rowsOffset} on
   * @param count number of rows
   * @param depth number of k
   * @param precision F32 or BF16: how the panel holds its numbers
   * @param ahead what is to come, {@code aheadBytes} from {@code aheadOffset} on, a multiple of the
   *     depth
   * @param way how it is brought in
   * @param c {@code [count, PANEL]}, and behind it the rows that tiles have more, of which the
   *     contents are undefined
   */
  public static void multiply(
      Forms forms,
      MemorySegment rows,
      int rowsOffset,
      int count,
      int depth,
      Precision precision,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      ReadAhead.Way way,
      MemorySegment c,
      long cOffset) {
    FloatTiles machine = precision == Precision.F32 ? MachineTiles.get(forms) : null;
    if (machine != null) {
      byMachine(
          machine,
          rows,
          rowsOffset,
          count,
          depth,
          panel,
          panelOffset,
          ahead,
          aheadOffset,
          aheadBytes,
          way,
          c,
          cOffset);
    } else if (isVector(forms, count, precision)) {
      vector(
          array(rows),
          rowsOffset,
          count,
          depth,
          precision,
          panel,
          panelOffset,
          ahead,
          aheadOffset,
          aheadBytes,
          way,
          c,
          cOffset);
    } else {
      plain(array(rows), rowsOffset, count, depth, precision, panel, panelOffset, c, cOffset);
    }
  }

  private static float[] array(MemorySegment rows) {
    return (float[]) rows.heapBase().orElseThrow();
  }

  private static void plain(
      float[] rows,
      int rowsOffset,
      int count,
      int depth,
      Precision precision,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    float[] operand = new float[count * depth];
    for (int row = 0; row < count; row++) {
      int from = rowsOffset + row * StridedRows.DISTANCE;
      System.arraycopy(rows, from, operand, row * depth, depth);
    }
    float[] weights = NarrowWeights.read(precision, panel, panelOffset, depth);
    FloatArrays.write(PlainPanel.multiply(count, depth, operand, weights), c, cOffset);
  }

  /** One tile or two, read ahead in each way in turn. */
  @Override
  protected void exercise(Operands on) {
    exercise(on, on.depth());
    exercise(on, 2);
  }

  @SuppressWarnings("EnumOrdinal") // Each way in turn, whatever their order.
  private void exercise(Operands on, int depth) {
    int tiles = on.either(1, 2);
    long bytes = NarrowWeights.bytes(precision, depth);
    ReadAhead.Way way = ReadAhead.Way.values()[(tiles + depth) % 3];
    MemorySegment panel = on.weights();
    MemorySegment c = on.output();
    int rows = tiles * height;
    FloatTiles machine = MachineTiles.get(Forms.WARMING);
    if (machine == null || precision == Precision.BF16) {
      vector(on.floats(), 0, rows, depth, precision, panel, 0, panel, 0, bytes, way, c, 0);
    } else {
      MemorySegment floats = MemorySegment.ofArray(on.floats());
      byMachine(machine, floats, 0, rows, depth, panel, 0, panel, 0, bytes, way, c, 0);
    }
    if (machine == null) { // The loops are compiled once: see RowTiles.
      vector(on.floats(), 0, rows, depth, other(), panel, 0, panel, 0, bytes, way, c, 0);
    }
  }

  private Precision other() {
    return precision == Precision.BF16 ? Precision.F32 : Precision.BF16;
  }

  private static void byMachine(
      FloatTiles machine,
      MemorySegment rows,
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
    if (way != ReadAhead.Way.NONE) {
      machine.touchPages(ahead, aheadOffset, aheadBytes);
    }
    machine.strided(
        count,
        depth,
        rows,
        rowsOffset,
        panel,
        panelOffset,
        ahead,
        aheadOffset,
        way == ReadAhead.Way.LINES ? aheadBytes : 0,
        c,
        cOffset);
  }

  private static void vector(
      float[] rows,
      int rowsOffset,
      int count,
      int depth,
      Precision precision,
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
      ReadAhead.touchPages(ahead, aheadOffset, aheadBytes);
    }
    if (way == ReadAhead.Way.LINES) {
      step = Math.ceilDiv(aheadBytes, (long) depth * (high + low));
      halfStep = aheadBytes / (2L * depth * (high + low));
    }
    long part = depth * step;
    long end = aheadBytes - part;
    boolean isNarrow = precision == Precision.BF16;
    int x = rowsOffset;
    long to = cOffset;
    for (int tile = 0; tile < high; tile++) {
      long next = aheadOffset + Math.min(tile * part, end);
      ReadAhead.keep(
          StridedLoops.high(
              isNarrow, depth, rows, x, panel, panelOffset, ahead, next, step, c, to));
      x += HIGH * StridedRows.DISTANCE;
      to += (long) HIGH * PANEL_BYTES;
    }
    long half = depth * halfStep;
    for (int tile = high; tile < high + low; tile++) {
      long next = aheadOffset + 2L * tile * half;
      ReadAhead.keep(
          StridedLoops.low(
              isNarrow, depth, rows, x, panel, panelOffset, ahead, next, half, halfStep, c, to));
      x += LOW * StridedRows.DISTANCE;
      to += (long) LOW * PANEL_BYTES;
    }
  }
}
