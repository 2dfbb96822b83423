// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Puts two runs of bfloat16 numbers, held as floats, into the halves of one run of words. */
public final class PackHalves extends Kernel {
  /** The kernel. */
  public static final PackHalves KERNEL = new PackHalves();

  /** The half of a word that holds a number of the second run. */
  static final int UPPER = 0xffff0000;

  /** Words of 32 bits. */
  static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** A word, at any address. */
  static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

  private PackHalves() {}

  /**
   * Writes {@code count} words.
   *
   * @param x the first run is from {@code first} on, the second from {@code second} on
   */
  public static void pack(
      Forms forms,
      MemorySegment x,
      long first,
      long second,
      int count,
      MemorySegment words,
      long offset) {
    if (KERNEL.isVector(forms)) {
      vector(x, first, second, count, words, offset);
    } else {
      plain(x, first, second, count, words, offset);
    }
  }

  private static void plain(
      MemorySegment x, long first, long second, int count, MemorySegment words, long offset) {
    int[] low = new int[count];
    int[] high = new int[count];
    MemorySegment.copy(x, WORD, first, low, 0, count);
    MemorySegment.copy(x, WORD, second, high, 0, count);
    for (int i = 0; i < count; i++) {
      low[i] = (low[i] >>> 16) | (high[i] & UPPER);
    }
    MemorySegment.copy(low, 0, words, WORD, offset, count);
  }

  private static void vector(
      MemorySegment x, long first, long second, int count, MemorySegment words, long offset) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = (long) i * Integer.BYTES;
      IntVector low = IntVector.fromMemorySegment(WORDS, x, first + at, ORDER);
      IntVector high = IntVector.fromMemorySegment(WORDS, x, second + at, ORDER);
      low.lanewise(VectorOperators.LSHR, 16)
          .or(high.and(UPPER))
          .intoMemorySegment(words, offset + at, ORDER);
    }
    for (; i < count; i++) {
      long at = (long) i * Integer.BYTES;
      int both = (x.get(WORD, first + at) >>> 16) | (x.get(WORD, second + at) & UPPER);
      words.set(WORD, offset + at, both);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, 2 * Operands.STRIDE, on.count(), on.output(), 0);
  }
}
