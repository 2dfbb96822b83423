// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Words of which a bit says whether dropout keeps a probability. */
final class Kept {
  /** One word, at any address. */
  static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
  private static final IntVector BITS = bits();

  private Kept() {}

  private static IntVector bits() {
    int[] bits = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      bits[i] = 1 << i;
    }
    return IntVector.fromArray(INTS, bits, 0);
  }

  /** The lanes whose bit, from the lowest on, is 0. */
  static VectorMask<Float> dropped(int word) {
    return IntVector.broadcast(INTS, word).and(BITS).compare(VectorOperators.EQ, 0).cast(SPECIES);
  }

  static boolean isDropped(int word, int bit) {
    return ((word >>> bit) & 1) == 0;
  }
}
