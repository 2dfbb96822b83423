package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowTiles} over weights in bfloat16, which become float32 in registers: a load brings both
 * vectors of a panel's row, and two operations on integers part them, for 2 to 8 multiply-adds.
 * Laid out as {@link NarrowWeights} says, and written out for the reasons given in {@link
 * RowTiles}.
 */
public final class BFloat16Tiles extends Kernel {
  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** The half of a word that holds the second column. */
  private static final int UPPER = 0xffff0000;

  private static final BFloat16Tiles[] KERNELS = {
    new BFloat16Tiles(1), new BFloat16Tiles(2), new BFloat16Tiles(3), new BFloat16Tiles(4)
  };

  private final int rows;

  private BFloat16Tiles(int rows) {
    this.rows = rows;
  }

  /** The kernel of tiles of so many rows. */
  static BFloat16Tiles of(int rows) {
    return KERNELS[rows - 1];
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows rows of x and of c, 1 to {@link RowTiles#MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param panel as {@link NarrowWeights} lays it out; {@code panelOffset} is that of its first row
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
    if (of(rows).isVector(forms)) {
      vector(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, PANEL_BYTES);
    } else {
      float[] operand = FloatArrays.readRows(x, xOffset, xStride, rows, depth);
      float[] weights = NarrowWeights.readBFloat16s(panel, panelOffset, depth);
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
    vector(rows, depth, x, 0, Operands.STRIDE, on.weights(), 0, c, 0, PANEL_BYTES);
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
      IntVector both =
          IntVector.fromMemorySegment(WORDS, panel, panelOffset + (long) k * VECTOR_BYTES, ORDER);
      FloatVector low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector high = both.and(UPPER).reinterpretAsFloats();
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
      IntVector both =
          IntVector.fromMemorySegment(WORDS, panel, panelOffset + (long) k * VECTOR_BYTES, ORDER);
      FloatVector low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector high = both.and(UPPER).reinterpretAsFloats();
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
      IntVector both =
          IntVector.fromMemorySegment(WORDS, panel, panelOffset + (long) k * VECTOR_BYTES, ORDER);
      FloatVector low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector high = both.and(UPPER).reinterpretAsFloats();
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
      IntVector both =
          IntVector.fromMemorySegment(WORDS, panel, panelOffset + (long) k * VECTOR_BYTES, ORDER);
      FloatVector low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector high = both.and(UPPER).reinterpretAsFloats();
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
