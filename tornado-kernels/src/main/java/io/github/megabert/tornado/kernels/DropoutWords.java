// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.DropoutMask;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A {@link DropoutMask} as the numbers that a kernel reads, so that another seed, step or layer
 * compiles nothing; and {@link io.github.megabert.backend.Philox} on the device. A word of 32 bits
 * is two numbers, its lower and its upper half.
 */
public final class DropoutWords {
  private static final int KEY_LOW = 0;
  private static final int KEY_HIGH = 2;
  private static final int STEP = 4;
  private static final int STREAM = 6;

  /** The threshold with its sign bit turned: signed comparison then orders unsigned words. */
  private static final int THRESHOLD = 8;

  private static final int POSITION_LOW = 10;
  private static final int POSITION_HIGH = 12;

  /** The factor of kept elements; 0 where so little is kept that nothing is. */
  private static final int SCALE = 14;

  /** 0 where there is no dropout. */
  private static final int ACTIVE = 15;

  private static final int SIGN = 0x80000000;

  private DropoutWords() {}

  /** The numbers of a mask and of the position of its first element; null for no dropout. */
  public static float[] of(@Nullable Dropout dropout) {
    float[] words = new float[ScalarTickets.WIDTH];
    if (dropout == null) {
      return words;
    }
    DropoutMask mask = dropout.mask();
    set(words, KEY_LOW, (int) mask.seed());
    set(words, KEY_HIGH, (int) (mask.seed() >>> 32));
    set(words, STEP, mask.step());
    set(words, STREAM, mask.stream());
    set(words, THRESHOLD, (int) mask.threshold() ^ SIGN);
    set(words, POSITION_LOW, (int) dropout.position());
    set(words, POSITION_HIGH, (int) (dropout.position() >>> 32));
    words[SCALE] = mask.threshold() < 1L << 32 ? mask.scale() : 0;
    words[ACTIVE] = 1;
    return words;
  }

  private static void set(float[] words, int index, int word) {
    words[index] = word & 0xFFFF;
    words[index + 1] = word >>> 16;
  }

  private static int word(FloatArray words, int index) {
    return (int) words.get(index) | (int) words.get(index + 1) << 16;
  }

  /** A long of two words. */
  static long word64(int low, int high) {
    return ((long) high << 32) | (low & 0xFFFFFFFFL);
  }

  /** The position of the mask's first element. */
  static long position(FloatArray words) {
    return word64(word(words, POSITION_LOW), word(words, POSITION_HIGH));
  }

  /** What kept elements are multiplied by; 1 without dropout. */
  static float scale(FloatArray words) {
    float scale = 1f;
    if (words.get(ACTIVE) > 0f) {
      scale = words.get(SCALE);
    }
    return scale;
  }

  /** Which of four elements from a position on are kept, the first in the lowest bit. */
  static int kept(FloatArray words, long position) {
    int bits = 15;
    if (words.get(ACTIVE) > 0f) {
      int shift = (int) position & 3;
      bits = keptOfBlock(words, position >> 2) >> shift;
      if (shift > 0) {
        bits = bits | keptOfBlock(words, (position >> 2) + 1) << (4 - shift);
      }
    }
    return bits;
  }

  private static int keptOfBlock(FloatArray words, long block) {
    int x0 = (int) block;
    int x1 = (int) (block >> 32);
    int x2 = word(words, STREAM);
    int x3 = word(words, STEP);
    int k0 = word(words, KEY_LOW);
    int k1 = word(words, KEY_HIGH);
    for (int round = 0; round < 10; round++) {
      long product0 = 0xD2511F53L * (x0 & 0xFFFFFFFFL);
      long product1 = 0xCD9E8D57L * (x2 & 0xFFFFFFFFL);
      // The lower word of an arithmetic shift is that of the unsigned one.
      x0 = (int) (product1 >> 32) ^ x1 ^ k0;
      x1 = (int) product1;
      x2 = (int) (product0 >> 32) ^ x3 ^ k1;
      x3 = (int) product0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    int threshold = word(words, THRESHOLD);
    int bits = 0;
    if ((x0 ^ SIGN) >= threshold) {
      bits = 1;
    }
    if ((x1 ^ SIGN) >= threshold) {
      bits = bits | 2;
    }
    if ((x2 ^ SIGN) >= threshold) {
      bits = bits | 4;
    }
    if ((x3 ^ SIGN) >= threshold) {
      bits = bits | 8;
    }
    return bits;
  }

  /** What the element at a position is multiplied by: 0 or the scale, or 1 without dropout. */
  static float factor(FloatArray words, long position) {
    float factor = 1f;
    if (words.get(ACTIVE) > 0f) {
      int kept = keptOfBlock(words, position >> 2) >> ((int) position & 3);
      factor = 0f;
      if ((kept & 1) == 1) {
        factor = words.get(SCALE);
      }
    }
    return factor;
  }
}
