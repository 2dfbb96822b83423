// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;
import static io.github.megabert.backend.vector.gemm.NarrowWeights.UPPER;
import static io.github.megabert.backend.vector.gemm.NarrowWeights.WORDS;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.machine.FloatTiles;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The microkernels of products of few rows, as they lie: {@code c[r, n] = Σ x[r, k] · panel[k, n]}
 * for 1 to {@value #MAX_ROWS} rows r and the two vectors n of a panel, whose rows are contiguous.
 * {@link StridedTiles} multiply more.
 *
 * <p>Every element of c has an accumulator of its own that takes its products in the order of k,
 * one fused multiply-add each. So a result depends neither on the number of rows in the tile nor on
 * the width of the vectors nor on the threads.
 *
 * <p>The panel is of float32, or of bfloat16 that becomes float32 in registers: a load brings both
 * vectors of a panel's row, and two operations on integers part them, for 2 to 8 multiply-adds. One
 * loop serves both, since C2 makes two of a loop with a condition that does not change, each as
 * fast as if it stood alone. Therefore a kernel exercises every loop in both ways: it is compiled
 * once, and a way that it had not seen would have it compiled again.
 *
 * <p>The methods are written out because C2 keeps an accumulator in a register only where it is a
 * local variable with an initial value of its own: an array of accumulators, or one zero for all of
 * them, costs a factor of ten and an object per step. Two things a method must not be: so large
 * that C1's profiled tier refuses it while its other tier does not (the JVM then never gets to C2),
 * and so high that the addresses of its rows leave the registers. They are all alike, so this file
 * is long but not rich.
 */
public final class RowTiles extends Kernel {
  /** Rows of the highest tile. */
  public static final int MAX_ROWS = 4;

  /** Bytes of a row of the result. */
  private static final long ROW_BYTES = PANEL_BYTES;

  private static final RowTiles[] FLOATS = {
    new RowTiles(1, false), new RowTiles(2, false), new RowTiles(3, false), new RowTiles(4, false)
  };

  private static final RowTiles[] BFLOAT16S = {
    new RowTiles(1, true), new RowTiles(2, true), new RowTiles(3, true), new RowTiles(4, true)
  };

  private final int rows;
  private final boolean isNarrow;

  private RowTiles(int rows, boolean isNarrow) {
    this.rows = rows;
    this.isNarrow = isNarrow;
  }

  /** The kernel of tiles of so many rows over panels in a precision. */
  static RowTiles of(int rows, Precision precision) {
    return (precision == Precision.BF16 ? BFLOAT16S : FLOATS)[rows - 1];
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows rows of x and of c, 1 to {@value #MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param precision F32 or BF16: how the panel holds its numbers
   * @param panel {@code [depth, PANEL]}, in bfloat16 laid out as {@link NarrowWeights} says
   * @param c {@code [rows, PANEL]}
   */
  public static void multiply(
      Forms forms,
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      Precision precision,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    boolean isNarrow = precision == Precision.BF16;
    FloatTiles machine = isNarrow ? null : MachineTiles.get(forms);
    if (machine != null) {
      machine.rows(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
    } else if (of(rows, precision).isVector(forms)) {
      vector(rows, isNarrow, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
    } else {
      float[] operand = FloatArrays.readRows(x, xOffset, xStride, rows, depth);
      float[] weights = NarrowWeights.read(precision, panel, panelOffset, depth);
      FloatArrays.write(PlainPanel.multiply(rows, depth, operand, weights), c, cOffset);
    }
  }

  @Override
  protected void exercise(Operands on) {
    exercise(on, on.depth());
    exercise(on, 2);
  }

  private void exercise(Operands on, int depth) {
    MemorySegment x = on.input();
    MemorySegment c = on.output();
    FloatTiles machine = MachineTiles.get(Forms.WARMING);
    if (machine == null || isNarrow) {
      vector(rows, isNarrow, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0);
    } else {
      machine.rows(rows, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0);
    }
    if (machine == null) {
      vector(rows, !isNarrow, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0);
    }
  }

  private static void vector(
      int rows,
      boolean isNarrow,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    switch (rows) {
      case 1 -> multiply1(isNarrow, depth, x, xOffset, panel, panelOffset, c, cOffset);
      case 2 -> multiply2(isNarrow, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
      case 3 -> multiply3(isNarrow, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
      case 4 -> multiply4(isNarrow, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
      default -> throw new IllegalArgumentException("a tile of " + rows + " rows");
    }
  }

  private static void multiply1(
      boolean isNarrow,
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
  }

  private static void multiply2(
      boolean isNarrow,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    long x1 = xOffset + xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
  }

  private static void multiply3(
      boolean isNarrow,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x2 + step));
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
  }

  private static void multiply4(
      boolean isNarrow,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x2 + step));
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x3 + step));
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
  }
}
