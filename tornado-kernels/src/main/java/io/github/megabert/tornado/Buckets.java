// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

/**
 * Rounds counts up, so that computations of nearly the same size share a compiled program.
 *
 * <p>A step is an eighth of the power of two below, at least 16: at most 12.5% of the rows beyond
 * the first 128 are padding, and there are eight programs between a size and its double. From
 * {@value #LARGE} rows on, where padding costs more than programs, a step is half as much.
 */
final class Buckets {
  private static final int SMALLEST_STEP = 16;
  private static final int LARGE = 4096;

  private Buckets() {}

  /** The bucket of {@code count} rows, at least 1. */
  static int rows(int count) {
    if (count <= 1) {
      return 1;
    }
    int step = step(count);
    return Math.multiplyExact(Math.ceilDiv(count, step), step);
  }

  private static int step(int count) {
    return Math.max(SMALLEST_STEP, Integer.highestOneBit(count) / (count < LARGE ? 8 : 16));
  }

  /** The most rows of a bucket that are padding. */
  static int largestPadding(int bucket) {
    return step(bucket) - 1;
  }
}
