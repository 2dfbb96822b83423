// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.training.PackHalves.UPPER;
import static io.github.megabert.backend.vector.training.PackHalves.WORD;
import static io.github.megabert.backend.vector.training.PackHalves.WORDS;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Brings back as floats the two runs that {@link PackHalves} has packed. */
public final class UnpackHalves extends Kernel {
  /** The kernel. */
  public static final UnpackHalves KERNEL = new UnpackHalves();

  private UnpackHalves() {}

  /**
   * Reads {@code count} words.
   *
   * @param x takes the first run from {@code first} on, the second from {@code second} on
   */
  public static void unpack(
      Forms forms,
      MemorySegment words,
      long offset,
      int count,
      MemorySegment x,
      long first,
      long second) {
    if (KERNEL.isVector(forms)) {
      vector(words, offset, count, x, first, second);
    } else {
      plain(words, offset, count, x, first, second);
    }
  }

  private static void plain(
      MemorySegment words, long offset, int count, MemorySegment x, long first, long second) {
    int[] low = new int[count];
    int[] high = new int[count];
    MemorySegment.copy(words, WORD, offset, high, 0, count);
    for (int i = 0; i < count; i++) {
      low[i] = high[i] << 16;
      high[i] &= UPPER;
    }
    MemorySegment.copy(low, 0, x, WORD, first, count);
    MemorySegment.copy(high, 0, x, WORD, second, count);
  }

  private static void vector(
      MemorySegment words, long offset, int count, MemorySegment x, long first, long second) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = (long) i * Integer.BYTES;
      IntVector both = IntVector.fromMemorySegment(WORDS, words, offset + at, ORDER);
      both.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(x, first + at, ORDER);
      both.and(UPPER).intoMemorySegment(x, second + at, ORDER);
    }
    for (; i < count; i++) {
      long at = (long) i * Integer.BYTES;
      int both = words.get(WORD, offset + at);
      x.set(WORD, first + at, both << 16);
      x.set(WORD, second + at, both & UPPER);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.count(), on.output(), 0, 2 * Operands.STRIDE);
  }
}
