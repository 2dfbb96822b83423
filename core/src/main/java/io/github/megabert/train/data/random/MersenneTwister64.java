// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.random;

/** MT19937-64 of T. Nishimura, 2000, seeded as {@code std::mt19937_64} is. Not thread-safe. */
public final class MersenneTwister64 {
  private static final int N = 312;
  private static final int M = 156;
  private static final long MATRIX = 0xB5026F5AA96619E9L;
  private static final long UPPER = 0xFFFFFFFF80000000L;
  private static final long LOWER = 0x7FFFFFFFL;
  private static final long MULTIPLIER = 6364136223846793005L;

  private final long[] state = new long[N];
  private int next = N;

  /** A generator. */
  public MersenneTwister64(long seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      long before = state[i - 1];
      state[i] = MULTIPLIER * (before ^ (before >>> 62)) + i;
    }
  }

  /** The next 64 bits. */
  public long next() {
    if (next == N) {
      twist();
    }
    long y = state[next++];
    y ^= (y >>> 29) & 0x5555555555555555L;
    y ^= (y << 17) & 0x71D67FFFEDA60000L;
    y ^= (y << 37) & 0xFFF7EEE000000000L;
    return y ^ (y >>> 43);
  }

  private void twist() {
    for (int i = 0; i < N; i++) {
      long y = (state[i] & UPPER) | (state[(i + 1) % N] & LOWER);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (-(y & 1) & MATRIX);
    }
    next = 0;
  }
}
