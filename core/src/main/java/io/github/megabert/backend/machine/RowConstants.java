// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Numbers that kernels on rows compute with, a vector of each.
 *
 * @param exponential log₂ e, the rounder, the two parts of -ln 2, the coefficients of e⁶ to e², 1,
 *     and what is so low that its exponential is 0
 * @param gelu ½, the limit, what scales to the polynomial's unit, -1, the coefficients from the
 *     highest to the lowest
 * @param tanh where the polynomial ends, its coefficients from the highest to the lowest, 2, and
 *     what is so high that its tanh is 1
 */
public record RowConstants(float[] exponential, float[] gelu, float[] tanh) {
  private static final int SIGN = 0x80000000;

  /** Bits that stand before those numbers: of all but the sign, of the sign, 127 and -∞. */
  private static final int[] FIRST = {~SIGN, SIGN, 127, 0xff800000};

  static final int ABSOLUTE = 0;
  static final int NEGATIVE = 1;
  static final int EXPONENT_BIAS = 2;
  static final int LOWEST = 3;
  static final int EXPONENTIAL = 4;

  int gelu(int i) {
    return EXPONENTIAL + exponential.length + i;
  }

  int tanh(int i) {
    return gelu(gelu.length) + i;
  }

  /** All of them, {@code lanes} times each. */
  MemorySegment write(Arena arena, int lanes) {
    IntStream numbers =
        Stream.of(exponential, gelu, tanh)
            .flatMapToInt(
                floats ->
                    IntStream.range(0, floats.length).map(i -> Float.floatToRawIntBits(floats[i])));
    int[] bits = IntStream.concat(IntStream.of(FIRST), numbers).toArray();
    MemorySegment memory = arena.allocate((long) bits.length * lanes * Float.BYTES, 64);
    for (int i = 0; i < bits.length * lanes; i++) {
      memory.setAtIndex(ValueLayout.JAVA_INT, i, bits[i / lanes]);
    }
    return memory;
  }
}
