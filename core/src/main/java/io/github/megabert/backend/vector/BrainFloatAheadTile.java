package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link AheadTile} over weights in bfloat16. */
final class BrainFloatAheadTile {
  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** The half of a word that holds the second column. */
  private static final int UPPER = 0xffff0000;

  private BrainFloatAheadTile() {}

  /**
   * The tile.
   *
   * @param aheadOffset where words has what is read ahead
   * @return a number without meaning, for which the loads ahead are kept
   */
  static long multiply(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment words,
      long offset,
      long aheadOffset,
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
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      touched += words.get(ValueLayout.JAVA_BYTE, aheadOffset + (long) k * ReadAhead.STEP);
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
    return touched;
  }
}
