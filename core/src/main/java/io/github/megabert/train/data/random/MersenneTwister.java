// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.random;

/**
 * MT19937 of M. Matsumoto and T. Nishimura, "Mersenne Twister", 1998, seeded as {@code
 * std::mt19937} and NumPy's {@code RandomState} seed it. Not thread-safe.
 */
public final class MersenneTwister {
  private static final int N = 624;
  private static final int M = 397;
  private static final int MATRIX = 0x9908B0DF;
  private static final int UPPER = 0x80000000;
  private static final int LOWER = 0x7FFFFFFF;
  private static final int MULTIPLIER = 1812433253;

  private final int[] state = new int[N];
  private int next;

  /**
   * A generator.
   *
   * @param seed taken as 32 bits without a sign
   */
  public MersenneTwister(int seed) {
    seed(seed);
  }

  /** Begins anew, as a generator of that seed. */
  public void seed(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      int before = state[i - 1];
      state[i] = MULTIPLIER * (before ^ (before >>> 30)) + i;
    }
    next = N;
  }

  /** The next 32 bits. */
  public int next() {
    if (next == N) {
      twist();
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9D2C5680;
    y ^= (y << 15) & 0xEFC60000;
    return y ^ (y >>> 18);
  }

  private void twist() {
    for (int i = 0; i < N - M; i++) {
      state[i] = state[i + M] ^ mixed(state[i], state[i + 1]);
    }
    for (int i = N - M; i < N - 1; i++) {
      state[i] = state[i + M - N] ^ mixed(state[i], state[i + 1]);
    }
    state[N - 1] = state[M - 1] ^ mixed(state[N - 1], state[0]);
    next = 0;
  }

  private static int mixed(int upper, int lower) {
    int y = (upper & UPPER) | (lower & LOWER);
    return (y >>> 1) ^ (-(y & 1) & MATRIX);
  }
}
