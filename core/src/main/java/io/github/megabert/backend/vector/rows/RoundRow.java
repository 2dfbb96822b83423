// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Rounds floats to the nearest bfloat16, ties to even, as {@link BFloat16#round} does. */
public final class RoundRow extends Kernel {
  /** The kernel. */
  public static final RoundRow KERNEL = new RoundRow();

  private static final VectorSpecies<Integer> BITS = IntVector.SPECIES_PREFERRED;

  /** What is greater as the bits of a magnitude is not a number. */
  private static final int INFINITY = 0x7f800000;

  /** The bit that tells a quiet NaN. */
  private static final int QUIET = 0x00400000;

  /** The bits that a bfloat16 has. */
  private static final int KEPT = 0xffff0000;

  private RoundRow() {}

  /** Rounds {@code count} floats in place. */
  public static void round(Forms forms, MemorySegment x, long offset, int count) {
    if (KERNEL.isVector(forms)) {
      vector(x, offset, count);
    } else {
      plain(x, offset, count);
    }
  }

  private static void plain(MemorySegment x, long offset, int count) {
    float[] row = FloatArrays.read(x, offset, count);
    for (int i = 0; i < count; i++) {
      row[i] = BFloat16.round(row[i]);
    }
    FloatArrays.write(row, x, offset);
  }

  private static void vector(MemorySegment x, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      IntVector bits = IntVector.fromMemorySegment(BITS, x, at, ORDER);
      IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
      VectorMask<Integer> isNaN = bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, INFINITY);
      bits.add(odd)
          .add(0x7fff)
          .blend(bits.or(QUIET), isNaN)
          .and(KEPT)
          .intoMemorySegment(x, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      x.set(FLOAT, at, BFloat16.round(x.get(FLOAT, at)));
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.output(), 0, on.count());
  }
}
