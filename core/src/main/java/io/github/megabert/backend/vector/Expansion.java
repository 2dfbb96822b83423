package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link NarrowWeights} back to panels of float32. Each form has a scalar twin of the same results.
 */
final class Expansion {
  /** Turns the exponent of a binary16, shifted to its place in a binary32, into the right one. */
  private static final float REBIAS = 0x1p112f;

  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  private Expansion() {}

  /** {@code rows} rows of bfloat16. */
  static void brainFloats(
      MemorySegment words, long offset, int rows, MemorySegment panel, long at) {
    for (int k = 0; k < rows; k++) {
      IntVector both = load(words, offset + (long) k * VECTOR_BYTES);
      long row = at + (long) k * PANEL_BYTES;
      both.lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoMemorySegment(panel, row, ORDER);
      both.and(0xffff0000)
          .reinterpretAsFloats()
          .intoMemorySegment(panel, row + VECTOR_BYTES, ORDER);
    }
  }

  /** {@code rows} rows of binary16. */
  static void halves(MemorySegment words, long offset, int rows, MemorySegment panel, long at) {
    for (int k = 0; k < rows; k++) {
      IntVector both = load(words, offset + (long) k * VECTOR_BYTES);
      long row = at + (long) k * PANEL_BYTES;
      half(both.lanewise(VectorOperators.LSHL, 16)).intoMemorySegment(panel, row, ORDER);
      half(both).intoMemorySegment(panel, row + VECTOR_BYTES, ORDER);
    }
  }

  /** The numbers whose binary16 is the upper half of each word. */
  private static FloatVector half(IntVector upper) {
    IntVector sign = upper.and(0x80000000);
    FloatVector magnitude =
        upper.and(0x7fff0000).lanewise(VectorOperators.LSHR, 3).reinterpretAsFloats().mul(REBIAS);
    return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }

  /**
   * {@code rows} rows of bytes; {@code offset} and {@code scaleAt} are those of a group's first.
   */
  static void bytes(
      MemorySegment words,
      long offset,
      MemorySegment scales,
      long scaleAt,
      int rows,
      MemorySegment panel,
      long at) {
    for (int first = 0; first < rows; first += NarrowWeights.GROUP) {
      long scaleRow = scaleAt + (long) (first / NarrowWeights.GROUP) * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, scales, scaleRow, ORDER);
      FloatVector high =
          FloatVector.fromMemorySegment(SPECIES, scales, scaleRow + VECTOR_BYTES, ORDER);
      int end = Math.min(rows, first + NarrowWeights.GROUP);
      for (int k = first; k < end; k += 2) {
        IntVector four = load(words, offset + (long) (k / 2) * VECTOR_BYTES);
        long row = at + (long) k * PANEL_BYTES;
        number(four.lanewise(VectorOperators.LSHL, 24))
            .mul(low)
            .intoMemorySegment(panel, row, ORDER);
        number(four.lanewise(VectorOperators.LSHL, 16))
            .mul(high)
            .intoMemorySegment(panel, row + VECTOR_BYTES, ORDER);
        // An odd last row is followed by one of zeros: the panel has room for it.
        number(four.lanewise(VectorOperators.LSHL, 8))
            .mul(low)
            .intoMemorySegment(panel, row + PANEL_BYTES, ORDER);
        number(four).mul(high).intoMemorySegment(panel, row + PANEL_BYTES + VECTOR_BYTES, ORDER);
      }
    }
  }

  /** The signed number in the upper byte of each word. */
  private static FloatVector number(IntVector upper) {
    return (FloatVector) upper.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
  }

  private static IntVector load(MemorySegment words, long at) {
    return IntVector.fromMemorySegment(WORDS, words, at, ORDER);
  }

  /**
   * The two columns of a word of bfloat16: element l and element COUNT + l of a row at {@code to}.
   */
  static void brainFloats(int word, float[] panel, int to) {
    panel[to] = Float.intBitsToFloat(word << 16);
    panel[to + COUNT] = Float.intBitsToFloat(word & 0xffff0000);
  }

  /** The two columns of a word of binary16. */
  static void halves(int word, float[] panel, int to) {
    panel[to] = Float.float16ToFloat((short) word);
    panel[to + COUNT] = Float.float16ToFloat((short) (word >>> 16));
  }
}
