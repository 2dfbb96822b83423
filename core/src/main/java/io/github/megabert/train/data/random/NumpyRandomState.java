// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.random;

/**
 * NumPy's legacy {@code numpy.random.RandomState}: the same seed and the same calls give the same
 * numbers. NumPy promises never to change them (NEP 19). Not thread-safe.
 */
public final class NumpyRandomState {
  private static final double TWO_TO_26 = 0x1p26;
  private static final double TWO_TO_MINUS_53 = 0x1p-53;

  private final MersenneTwister bits;

  /**
   * A generator.
   *
   * @param seed at least 0, less than 2³²
   */
  public NumpyRandomState(long seed) {
    bits = new MersenneTwister(checked(seed));
  }

  /** Begins anew, as a generator of that seed. */
  public void seed(long seed) {
    bits.seed(checked(seed));
  }

  private static int checked(long seed) {
    if (seed < 0 || seed > 0xFFFFFFFFL) {
      throw new IllegalArgumentException("a seed is at least 0 and less than 2^32, not " + seed);
    }
    return (int) seed;
  }

  /** {@code random()}: uniform in [0, 1), a multiple of 2⁻⁵³. */
  public double random() {
    int high = bits.next() >>> 5;
    int low = bits.next() >>> 6;
    return (high * TWO_TO_26 + low) * TWO_TO_MINUS_53;
  }

  /**
   * {@code randint(low, high)}: uniform.
   *
   * @param high greater than {@code low}, which is the least that can come; itself it cannot
   */
  public int randint(int low, int high) {
    if (high <= low) {
      throw new IllegalArgumentException("nothing is at least " + low + " and below " + high);
    }
    return low + interval(high - 1 - low);
  }

  /** Uniform from 0 to {@code most}, taken without a sign: masked bits until they fit. */
  private int interval(int most) {
    if (most == 0) {
      return 0;
    }
    int mask = -1 >>> Integer.numberOfLeadingZeros(most);
    int value = bits.next() & mask;
    while (Integer.compareUnsigned(value, most) > 0) {
      value = bits.next() & mask;
    }
    return value;
  }

  /** {@code shuffle(values[:count])}. */
  public void shuffle(int[] values, int count) {
    for (int i = count - 1; i > 0; i--) {
      int j = interval(i);
      int swapped = values[i];
      values[i] = values[j];
      values[j] = swapped;
    }
  }

  /**
   * {@code choice(n, p=p)}.
   *
   * @param cumulated the cumulated probabilities, of which the last is 1
   * @return an index into them
   */
  public int choice(double[] cumulated) {
    double drawn = random();
    int index = 0;
    while (index < cumulated.length && cumulated[index] <= drawn) {
      index++;
    }
    return index;
  }

  /**
   * {@code geometric(p)}: tries until the first success, by inversion.
   *
   * @param p less than a third; NumPy has another way above
   */
  public int geometric(double p) {
    if (!(p > 0 && p < 1.0 / 3)) {
      throw new IllegalArgumentException("the probability is above 0 and below 1/3, not " + p);
    }
    return (int) Math.ceil(Math.log(1 - random()) / Math.log(1 - p));
  }
}
