// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Zeroes the weights of a query that dropout drops. */
public final class DropWeights extends Kernel {
  static final DropWeights KERNEL = new DropWeights();

  private DropWeights() {}

  /**
   * Zeroes some of {@code count} floats.
   *
   * @param at index of the first
   * @param kept offset of the words that {@link DropoutBits} writes
   */
  public static void apply(
      Forms forms, float[] weights, int at, int count, MemorySegment memory, long kept) {
    if (KERNEL.isVector(forms)) {
      vector(weights, at, count, memory, kept);
    } else {
      plain(weights, at, 0, count, memory, kept);
    }
  }

  private static int word(MemorySegment memory, long kept, int i) {
    return memory.get(Kept.WORD, kept + (long) (i / Integer.SIZE) * Integer.BYTES);
  }

  private static void plain(
      float[] weights, int at, int first, int count, MemorySegment memory, long kept) {
    for (int i = first; i < count; i++) {
      if (Kept.isDropped(word(memory, kept, i), i % Integer.SIZE)) {
        weights[at + i] = 0;
      }
    }
  }

  private static void vector(float[] weights, int at, int count, MemorySegment memory, long kept) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      int word = word(memory, kept, i) >>> (i % Integer.SIZE);
      FloatVector.fromArray(SPECIES, weights, at + i)
          .blend(0f, Kept.dropped(word))
          .intoArray(weights, at + i);
    }
    plain(weights, at, i, count, memory, kept);
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.floats(), 0, on.count(), on.input(), 0);
  }
}
