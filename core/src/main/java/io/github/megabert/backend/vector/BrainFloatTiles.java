package io.github.megabert.backend.vector;

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
 * vectors of a panel's row, and two operations on integers part them, for 2 to 16 multiply-adds.
 * Laid out as {@link NarrowWeights} says, and written out for the reasons given in {@link
 * RowTiles}.
 */
final class BrainFloatTiles {
  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** The half of a word that holds the second column. */
  private static final int UPPER = 0xffff0000;

  private BrainFloatTiles() {}

  /**
   * One tile.
   *
   * @param rows 1 to 8, at most {@link Lanes#MAX_ROWS} for speed
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param offset bytes from the start of words to the panel's first row
   */
  static void multiply(
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
      case 5 -> multiply5(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      case 6 -> multiply6(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      case 7 -> multiply7(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
      case 8 -> multiply8(depth, x, xOffset, xStride, words, offset, c, cOffset, cStride);
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

  private static void multiply5(
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
    long x4 = xOffset + 4 * xStride;
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply6(
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
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply7(
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
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply8(
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
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
    l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
    h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
  }
}
