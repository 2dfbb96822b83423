// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * In which order a run takes its examples: a function of the seed and the epoch, so that a run that
 * is resumed goes on where it was.
 */
final class ExampleOrder {
  private final int examples;
  private final long seed;
  private final boolean shuffle;
  private int[] order = {};
  private int epoch = -1;

  ExampleOrder(int examples, long seed, boolean shuffle) {
    this.examples = examples;
    this.seed = seed;
    this.shuffle = shuffle;
  }

  /** Examples {@code from} to {@code to - 1} of an epoch. */
  int[] examples(int ofEpoch, int from, int to) {
    if (!shuffle) {
      return IntStream.range(from, to).toArray();
    }
    if (epoch != ofEpoch) {
      order = order(ofEpoch);
      epoch = ofEpoch;
    }
    return Arrays.copyOfRange(order, from, to);
  }

  /** A permutation by Fisher and Yates. */
  private int[] order(int ofEpoch) {
    int[] all = IntStream.range(0, examples).toArray();
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + ofEpoch);
    for (int i = examples - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = all[i];
      all[i] = all[j];
      all[j] = swapped;
    }
    return all;
  }
}
