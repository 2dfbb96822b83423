// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * Philox 4×32-10, a random number generator without state: a block of four words is a function of a
 * 128-bit counter and a 64-bit key alone, so any block can be had at once, in any order and on any
 * thread.
 *
 * <p>Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy
 * as 1, 2, 3", SC 2011, section 3.3. The words equal those of the authors' Random123 library.
 */
public final class Philox {
  /** Words of a block. */
  public static final int WORDS = 4;

  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;

  /** What is added to the key's words after each round: the golden ratio and √3 − 1. */
  private static final int WEYL_0 = 0x9E3779B9;

  private static final int WEYL_1 = 0xBB67AE85;
  private static final long LOW_WORD = 0xFFFFFFFFL;

  private Philox() {}

  /**
   * The block of a counter.
   *
   * @param counter0 the counter's lowest word
   * @param key0 the key's lower word
   * @param words gets the block, four words of 32 random bits
   */
  public static void block(
      int counter0, int counter1, int counter2, int counter3, int key0, int key1, int[] words) {
    int x0 = counter0;
    int x1 = counter1;
    int x2 = counter2;
    int x3 = counter3;
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (x0 & LOW_WORD);
      long product1 = MULTIPLIER_1 * (x2 & LOW_WORD);
      x0 = (int) (product1 >>> 32) ^ x1 ^ k0;
      x1 = (int) product1;
      x2 = (int) (product0 >>> 32) ^ x3 ^ k1;
      x3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
  }
}
