package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link NarrowWeights} back to panels of float32. */
public final class Expansion {
  /** Turns the exponent of a binary16, shifted to its place in a binary32, into the right one. */
  private static final float REBIAS = 0x1p112f;

  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  private Expansion() {}

  /** {@code rows} rows of binary16. */
  public static void halves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long at) {
    for (int k = 0; k < rows; k++) {
      IntVector both = load(words, offset + (long) k * VECTOR_BYTES);
      long row = at + (long) k * PANEL_BYTES;
      half(both.lanewise(VectorOperators.LSHL, 16)).intoMemorySegment(panel, row, ORDER);
      half(both).intoMemorySegment(panel, row + VECTOR_BYTES, ORDER);
    }
  }

  /**
   * The numbers whose binary16 is the upper half of each word: shifted as a signed number, the sign
   * stays where it is while exponent and fraction move to their places.
   */
  private static FloatVector half(IntVector upper) {
    return upper
        .lanewise(VectorOperators.ASHR, 3)
        .and(0x8fffe000)
        .reinterpretAsFloats()
        .mul(REBIAS);
  }

  /** {@code rows} rows of bytes, times a row of scales. */
  public static void bytes(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long at) {
    FloatVector low = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset, ORDER);
    FloatVector high =
        FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + VECTOR_BYTES, ORDER);
    for (int k = 0; k < rows; k++) {
      ByteVector row =
          ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, offset + (long) k * PANEL, ORDER);
      long to = at + (long) k * PANEL_BYTES;
      ((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0))
          .mul(low)
          .intoMemorySegment(panel, to, ORDER);
      ((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1))
          .mul(high)
          .intoMemorySegment(panel, to + VECTOR_BYTES, ORDER);
    }
  }

  private static IntVector load(MemorySegment words, long at) {
    return IntVector.fromMemorySegment(WORDS, words, at, ORDER);
  }

  /** The two columns of a word of bfloat16. */
  public static void bfloat16s(int word, float[] panel, int to) {
    panel[to] = Float.intBitsToFloat(word << 16);
    panel[to + COUNT] = Float.intBitsToFloat(word & 0xffff0000);
  }

  /** The two columns of a word of binary16. */
  public static void halves(int word, float[] panel, int to) {
    panel[to] = Float.float16ToFloat((short) word);
    panel[to + COUNT] = Float.float16ToFloat((short) (word >>> 16));
  }
}
