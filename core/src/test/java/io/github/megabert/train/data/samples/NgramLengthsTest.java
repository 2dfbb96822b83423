// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Cumulated probabilities equal NumPy's to the last bit: its sums are pairwise from 8 on. */
class NgramLengthsTest {
  @Test
  void probabilitiesEqualNumpys() {
    assertFirst(3, false, 0x1.1745d1745d175p-1, 0x1.a2e8ba2e8ba2fp-1);
    assertFirst(3, true, 0x1.745d1745d1746p-3, 0x1.d1745d1745d18p-2);
    assertFirst(7, true, 0x1.c3599092b04f0p-5, 0x1.e8f65c9ee9aafp-4);
    assertFirst(8, false, 0x1.78c4751128082p-2, 0x1.1a9357ccde062p-1);
    assertFirst(8, true, 0x1.78c4751128081p-5, 0x1.93adeb24aae40p-4);
    assertFirst(10, false, 0x1.5d9c753b10f5dp-2, 0x1.063557ec4cb85p-1);
    assertFirst(12, false, 0x1.49fb16ee228d5p-2, 0x1.eef8a26533d3fp-2);
    assertFirst(12, true, 0x1.b7f973e82e119p-6, 0x1.cbf927b88d40fp-5);
  }

  private static void assertFirst(int most, boolean longer, double first, double second) {
    double[] cumulated = NgramLengths.cumulated(most, longer);
    assertEquals(most, cumulated.length);
    assertEquals(first, cumulated[0]);
    assertEquals(second, cumulated[1]);
    assertEquals(1, cumulated[most - 1]);
  }
}
