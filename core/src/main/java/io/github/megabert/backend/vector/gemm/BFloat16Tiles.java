package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

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
public final class BFloat16Tiles {
  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** The half of a word that holds the second column. */
  private static final int UPPER = 0xffff0000;

  private BFloat16Tiles() {}

  /**
   * One tile.
   *
   * @param rows 1 to {@link RowTiles#MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param offset bytes from the start of words to the panel's first row
   */
  public static void multiply(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment words,
      long offset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    switch (rows) {
      case 1 -> multiply1(depth, x, xOffset, words, offset, c, cOffset);
      case 2 -> multiply2(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      case 3 -> multiply3(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      case 4 -> multiply4(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      default -> throw new IllegalArgumentException("a tile of " + rows + " rows");
    }
  }

  private static void multiply1(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment words,
      long offset,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      IntVector both =
          IntVector.fromMemorySegment(WORDS, words, offset + (long) k * VECTOR_BYTES, ORDER);
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
      MemorySegment words,
      long offset,
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
          IntVector.fromMemorySegment(WORDS, words, offset + (long) k * VECTOR_BYTES, ORDER);
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
      MemorySegment words,
      long offset,
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
          IntVector.fromMemorySegment(WORDS, words, offset + (long) k * VECTOR_BYTES, ORDER);
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
      MemorySegment words,
      long offset,
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
          IntVector.fromMemorySegment(WORDS, words, offset + (long) k * VECTOR_BYTES, ORDER);
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
