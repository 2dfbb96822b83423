// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import java.util.Arrays;

/** The largest of many scores. */
public final class TopK {
  private TopK() {}

  /**
   * Indices of the {@code count} largest scores, largest first; of equal ones the smaller index
   * comes first.
   */
  public static int[] descending(float[] scores, int count) {
    int wanted = Math.min(count, scores.length);
    long[] keys = new long[scores.length];
    for (int i = 0; i < scores.length; i++) {
      int bits = Float.floatToIntBits(scores[i]);
      int ordered = bits ^ ((bits >> 31) & 0x7fff_ffff);
      keys[i] = ((long) ~ordered << 32) | i;
    }
    if (wanted < scores.length) {
      selectSmallest(keys, wanted);
    }
    Arrays.sort(keys, 0, wanted);
    int[] indices = new int[wanted];
    for (int i = 0; i < wanted; i++) {
      indices[i] = (int) keys[i];
    }
    return indices;
  }

  /** Moves the {@code count} smallest keys to the front (Hoare's selection). */
  private static void selectSmallest(long[] keys, int count) {
    int low = 0;
    int high = keys.length - 1;
    while (low < high) {
      long pivot = keys[(low + high) >>> 1];
      int i = low;
      int j = high;
      while (i <= j) {
        while (keys[i] < pivot) {
          i++;
        }
        while (keys[j] > pivot) {
          j--;
        }
        if (i <= j) {
          long swapped = keys[i];
          keys[i++] = keys[j];
          keys[j--] = swapped;
        }
      }
      if (count - 1 <= j) {
        high = j;
      } else if (count - 1 >= i) {
        low = i;
      } else {
        return;
      }
    }
  }
}
