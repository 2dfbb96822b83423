// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Panels for {@link NarrowTiles}: a word of 32 bits holds two or four neighbouring inputs of a
 * column. Weights in 8 bits are symmetric with a scale for every group of inputs, as {@link
 * NarrowWeights} has them.
 */
final class NarrowWords {
  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

  private NarrowWords() {}

  /**
   * Stores rows of a panel in bfloat16.
   *
   * @param columns {@code [count, PANEL]}, an even number of inputs
   */
  static void storePairs(float[] columns, int count, MemorySegment panel, long offset) {
    int[] words = new int[count / 2 * PANEL];
    for (int i = 0; i < count * PANEL; i++) {
      int k = i / PANEL;
      words[k / 2 * PANEL + i % PANEL] |= (BFloat16.fromFloat(columns[i]) & 0xffff) << (k % 2 * 16);
    }
    MemorySegment.copy(words, 0, panel, WORD, offset, words.length);
  }

  /**
   * Stores a group's rows of a panel in 8 bits.
   *
   * @param columns {@code [count, PANEL]}, four times a number of inputs
   */
  static void storeFours(float[] columns, int count, MemorySegment panel, long offset) {
    float[] scales = NarrowWeights.scales(columns, count);
    float[] totals = new float[PANEL];
    int[] words = new int[count / 4 * PANEL];
    for (int i = 0; i < count * PANEL; i++) {
      int column = i % PANEL;
      int k = i / PANEL;
      int q = NarrowWeights.quantize(columns[i], scales[column]);
      totals[column] += q; // exact
      words[k / 4 * PANEL + column] |= (q & 0xff) << (k % 4 * 8);
    }
    for (int n = 0; n < PANEL; n++) {
      totals[n] *= scales[n];
    }
    MemorySegment.copy(scales, 0, panel, FLOAT, offset, PANEL);
    MemorySegment.copy(totals, 0, panel, FLOAT, offset + PANEL_BYTES, PANEL);
    MemorySegment.copy(words, 0, panel, WORD, offset + 2L * PANEL_BYTES, words.length);
  }
}
