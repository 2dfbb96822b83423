package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.machine.FloatTiles;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The microkernels of products of few rows, as they lie: {@code c[r, n] = Σ x[r, k] · panel[k, n]}
 * for 1 to {@value #MAX_ROWS} rows r and the two vectors n of a panel, whose rows are contiguous.
 * {@link StridedTiles} multiply more.
 *
 * <p>Every element of c has an accumulator of its own that takes its products in the order of k,
 * one fused multiply-add each. So a result depends neither on the number of rows in the tile nor on
 * the width of the vectors nor on the threads.
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

  private static final RowTiles[] KERNELS = {
    new RowTiles(1), new RowTiles(2), new RowTiles(3), new RowTiles(4)
  };

  private final int rows;

  private RowTiles(int rows) {
    this.rows = rows;
  }

  /** The kernel of tiles of so many rows. */
  static RowTiles of(int rows) {
    return KERNELS[rows - 1];
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows rows of x and of c, 1 to {@value #MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param panel {@code [depth, PANEL]}
   * @param c {@code [rows, PANEL]}
   */
  public static void multiply(
      Forms forms,
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset) {
    FloatTiles machine = MachineTiles.get(forms);
    if (machine != null) {
      machine.rows(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
    } else if (of(rows).isVector(forms)) {
      vector(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, PANEL_BYTES);
    } else {
      float[] operand = FloatArrays.readRows(x, xOffset, xStride, rows, depth);
      float[] weights = FloatArrays.read(panel, panelOffset, depth * Lanes.PANEL);
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
    if (machine != null) {
      machine.rows(rows, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0);
    } else {
      vector(rows, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0, PANEL_BYTES);
    }
  }

  private static void vector(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    switch (rows) {
      case 1 -> multiply1(depth, x, xOffset, panel, panelOffset, c, cOffset);
      case 2 -> multiply2(depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride);
      case 3 -> multiply3(depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride);
      case 4 -> multiply4(depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride);
      default -> throw new IllegalArgumentException("a tile of " + rows + " rows");
    }
  }

  private static void multiply1(
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
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
  }

  private static void multiply2(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long x1 = xOffset + xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply3(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply4(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
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
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
  }
}
