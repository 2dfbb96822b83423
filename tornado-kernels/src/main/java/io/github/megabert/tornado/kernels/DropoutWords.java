// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.DropoutMask;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A {@link DropoutMask} as the integers that a kernel reads, so that another seed, step or layer
 * compiles nothing; and {@link io.github.megabert.backend.Philox} on the device.
 */
public final class DropoutWords {
  /** Integers of a mask. */
  static final int WORDS = ScalarTickets.WIDTH / 2;

  private static final int KEY_LOW = 0;
  private static final int KEY_HIGH = 1;
  private static final int STEP = 2;
  private static final int STREAM = 3;

  /** The threshold with its sign bit turned: signed comparison then orders unsigned words. */
  private static final int THRESHOLD = 4;

  private static final int POSITION_LOW = 5;
  private static final int POSITION_HIGH = 6;

  /** The bits of the factor of kept elements, at least 1, or one of the two below. */
  private static final int SCALE = 7;

  /** No dropout. */
  private static final int INACTIVE = 0;

  /** So little is kept that nothing is. */
  private static final int NOTHING_KEPT = -1;

  private static final int SIGN = 0x80000000;
  private static final int MANTISSA_BITS = 23;
  private static final int EXPONENT_BIAS = 127;

  private DropoutWords() {}

  /**
   * The integers of a mask and of the position of its first element, each as its lower and its
   * upper half, for a ticket of {@link ScalarTickets#TAKE_WORDS}; null for no dropout.
   */
  public static float[] of(@Nullable Dropout dropout) {
    float[] halves = new float[ScalarTickets.WIDTH];
    if (dropout == null) {
      return halves;
    }
    DropoutMask mask = dropout.mask();
    set(halves, KEY_LOW, (int) mask.seed());
    set(halves, KEY_HIGH, (int) (mask.seed() >>> 32));
    set(halves, STEP, mask.step());
    set(halves, STREAM, mask.stream());
    set(halves, THRESHOLD, (int) mask.threshold() ^ SIGN);
    set(halves, POSITION_LOW, (int) dropout.position());
    set(halves, POSITION_HIGH, (int) (dropout.position() >>> 32));
    boolean keepsSome = mask.threshold() < 1L << 32;
    set(halves, SCALE, keepsSome ? Float.floatToRawIntBits(mask.scale()) : NOTHING_KEPT);
    return halves;
  }

  private static void set(float[] halves, int index, int word) {
    halves[2 * index] = word & 0xFFFF;
    halves[2 * index + 1] = word >>> 16;
  }

  /** A long of two words. */
  static long word64(int low, int high) {
    return ((long) high << 32) | (low & 0xFFFFFFFFL);
  }

  /** The position of the mask's first element. */
  static long position(IntArray words) {
    return word64(words.get(POSITION_LOW), words.get(POSITION_HIGH));
  }

  /** What kept elements are multiplied by; 1 without dropout. */
  static float scale(IntArray words) {
    int bits = words.get(SCALE);
    float scale = 1f;
    if (bits == NOTHING_KEPT) {
      scale = 0f;
    }
    if (bits > INACTIVE) {
      // TornadoVM takes no bits for a float: mantissa · 2^exponent, exactly.
      int mantissa = (bits & 0x7FFFFF) | 0x800000;
      long power = 1L << ((bits >> MANTISSA_BITS) - EXPONENT_BIAS);
      scale = mantissa * 0x1p-23f * power;
    }
    return scale;
  }

  /** Which of four elements from a position on are kept, the first in the lowest bit. */
  static int kept(IntArray words, long position) {
    int bits = 15;
    if (words.get(SCALE) != INACTIVE) {
      int shift = (int) position & 3;
      bits = keptOfBlock(words, position >> 2) >> shift;
      if (shift > 0) {
        bits = bits | keptOfBlock(words, (position >> 2) + 1) << (4 - shift);
      }
    }
    return bits;
  }

  private static int keptOfBlock(IntArray words, long block) {
    int x0 = (int) block;
    int x1 = (int) (block >> 32);
    int x2 = words.get(STREAM);
    int x3 = words.get(STEP);
    int k0 = words.get(KEY_LOW);
    int k1 = words.get(KEY_HIGH);
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
    int threshold = words.get(THRESHOLD);
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
  static float factor(IntArray words, long position) {
    float factor = 1f;
    if (words.get(SCALE) != INACTIVE) {
      int kept = keptOfBlock(words, position >> 2) >> ((int) position & 3);
      factor = 0f;
      if ((kept & 1) == 1) {
        factor = scale(words);
      }
    }
    return factor;
  }
}
