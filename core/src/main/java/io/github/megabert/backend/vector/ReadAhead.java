package io.github.megabert.backend.vector;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether weights that come from the memory are read ahead by {@link SpacedTiles} while others are
 * multiplied. Some processors wait for less of it then, others fetch a panel sooner if it is left to
 * them: on an Intel Xeon 8 and 16 rows gained a fifth and a tenth by reading ahead, on a Zen 5 they
 * lost as much, and 128 rows gained 5 %. So both ways are tried in turns, on the first products of
 * the process of about that many rows, and the one that was fastest stays. Their results are the
 * same.
 */
final class ReadAhead {
  /** Products of a size that are tried each way: half of those of a model of 24 layers. */
  private static final int TRIES = 24;

  /** Rows up to which products are of one size; the last size has all others. */
  private static final int[] SIZES = {16, 40, 80};

  /** What is known of one size. */
  private static final class Size {
    final AtomicInteger tried = new AtomicInteger();
    private double bestAhead;
    private double bestPlain;
    private boolean ahead = true;

    synchronized void report(boolean readAhead, double speed) {
      if (readAhead) {
        bestAhead = Math.max(bestAhead, speed);
      } else {
        bestPlain = Math.max(bestPlain, speed);
      }
      ahead = bestAhead >= bestPlain;
    }

    synchronized boolean isAhead() {
      return ahead;
    }
  }

  private final Size[] sizes = new Size[SIZES.length + 1];

  ReadAhead() {
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = new Size();
    }
  }

  private Size size(int rows) {
    int i = 0;
    while (i < SIZES.length && rows > SIZES[i]) {
      i++;
    }
    return sizes[i];
  }

  /** Whether a trial is on: then the time of a product of so many rows is to be reported. */
  boolean isTried(int rows) {
    return size(rows).tried.get() < 2 * TRIES;
  }

  /** Whether to read ahead in a product of so many rows. */
  boolean next(int rows) {
    Size size = size(rows);
    int product = size.tried.get();
    // Thue's and Morse's sequence: a model's products come in turns too, of which each goes both
    // ways.
    return product < 2 * TRIES ? Integer.bitCount(product) % 2 == 0 : size.isAhead();
  }

  /**
   * Takes the time of a product.
   *
   * @param work multiply-adds
   */
  void report(int rows, boolean readAhead, double work, long nanos) {
    Size size = size(rows);
    size.tried.incrementAndGet();
    size.report(readAhead, work / Math.max(1, nanos));
  }
}
