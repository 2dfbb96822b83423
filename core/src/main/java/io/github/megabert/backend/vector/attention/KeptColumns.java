// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/**
 * The dropout mask of a panel of queries, a word a key: bit q is query q's. Dropout numbers the
 * elements along the keys, so what {@link DropoutBits} writes is transposed, 32 × 32 bits at a
 * time. One thread uses it at a time.
 */
final class KeptColumns {
  private static final int SIZE = Integer.SIZE;

  private final int[] block = new int[SIZE];

  /** Rows of a panel that {@link #write} needs for so many keys. */
  static int rows(int keys) {
    return Math.ceilDiv(keys, SIZE);
  }

  /** Marks every weight of {@code keys} keys as kept. */
  static void keepAll(int keys, MemorySegment memory, long target) {
    for (int j = 0; j < keys; j++) {
      memory.set(Kept.WORD, target + (long) j * Integer.BYTES, -1);
    }
  }

  /**
   * Writes a word a key.
   *
   * @param position of the first query's first weight among all that dropout numbers
   * @param queries 1 to {@link io.github.megabert.backend.vector.Lanes#PANEL}
   * @param distance weights from a query's first to the next one's
   * @param rows offset of memory for {@link #rows} rows of a panel
   * @param target offset of the words, rounded up to whole 32
   */
  void write(
      Forms forms,
      Dropout dropout,
      long position,
      int queries,
      int distance,
      int keys,
      MemorySegment memory,
      long rows,
      long target) {
    for (int q = 0; q < queries; q++) {
      long first = dropout.position() + position + (long) q * distance;
      long row = rows + (long) q * Integer.BYTES * rows(keys);
      DropoutBits.write(forms, dropout.mask(), first, keys, memory, row);
    }
    for (int w = 0; w < rows(keys); w++) {
      for (int q = 0; q < SIZE; q++) {
        long at = rows + (long) (q * rows(keys) + w) * Integer.BYTES;
        block[q] = q < queries ? memory.get(Kept.WORD, at) : 0;
      }
      transpose(block);
      for (int j = 0; j < SIZE; j++) {
        memory.set(Kept.WORD, target + (long) (w * SIZE + j) * Integer.BYTES, block[j]);
      }
    }
  }

  /**
   * Makes bit j of word i bit i of word j (Warren, "Hacker's Delight", 2nd edition, section 7-3):
   * swaps the off-diagonal quarters of the whole, then those of its quarters, and so on.
   */
  static void transpose(int[] words) {
    int mask = 0x0000FFFF;
    for (int half = SIZE / 2; half > 0; half /= 2) {
      for (int i = 0; i < SIZE; i++) {
        if ((i & half) == 0) {
          int swapped = ((words[i] >>> half) ^ words[i + half]) & mask;
          words[i] ^= swapped << half;
          words[i + half] ^= swapped;
        }
      }
      mask ^= mask << (half / 2);
    }
  }
}
