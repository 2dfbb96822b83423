package io.github.megabert.backend.vector;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How weights that come from the memory are brought in by {@link SpacedTiles} while others are
 * multiplied. What is best depends on the processor and on the number of rows. An Intel Xeon with 8
 * and 16 rows gained a fifth and a tenth by loading every line of a panel ahead; a Zen 5 fetches a
 * panel sooner if left alone, and lost a fifth to a third, but there the beginnings of its pages
 * help, which a processor does not fetch by itself: 5 % with 16 to 128 rows. So all ways are tried
 * in turns, on the first products of the process of about that many rows, and the one that was
 * fastest by the median stays. Their results are the same.
 */
final class ReadAhead {
  /** A way to bring in the panel to come. */
  enum Way {
    /** Left to the processor. */
    NONE,
    /** The first lines of each page, all at once, so that it waits for them once. */
    PAGES,
    /** These, and while tiles are multiplied every line, evenly. */
    LINES
  }

  /**
   * Products of a size that are tried each way: as many as a model of 24 layers has. With a quarter
   * of them, the first milliseconds of a process weighed too much.
   */
  private static final int TRIES = 96;

  /** Products of a layer, which are of several shapes: one way is kept for all. */
  private static final int LAYER = 4;

  private static final Way[] WAYS = Way.values();

  /** Rows up to which products are of one size; the last size has all others. */
  private static final int[] SIZES = {8, 16, 40, 80, 256};

  /** What is known of one size. */
  private static final class Size {
    final AtomicInteger tried = new AtomicInteger();
    private final Map<Way, List<Double>> speeds = new EnumMap<>(Way.class);
    private Way fastest = Way.PAGES;

    synchronized void report(Way way, double speed) {
      speeds.computeIfAbsent(way, first -> new ArrayList<>()).add(speed);
      if (tried.incrementAndGet() >= WAYS.length * TRIES) {
        fastest = Collections.max(speeds.keySet(), Comparator.comparingDouble(this::median));
      }
    }

    /** Not the best, which a cache may have helped to, nor the mean, for some are held up. */
    private double median(Way way) {
      List<Double> sorted = speeds.get(way).stream().sorted().toList();
      return sorted.get(sorted.size() / 2);
    }

    synchronized Way fastest() {
      return fastest;
    }
  }

  private final Size[] sizes = new Size[SIZES.length + 1];

  ReadAhead() {
    Arrays.setAll(sizes, i -> new Size());
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
    return size(rows).tried.get() < WAYS.length * TRIES;
  }

  /** How to read ahead in a product of so many rows. */
  Way next(int rows) {
    Size size = size(rows);
    int product = size.tried.get();
    return product < WAYS.length * TRIES ? WAYS[product / LAYER % WAYS.length] : size.fastest();
  }

  /**
   * Takes the time of a product.
   *
   * @param work multiply-adds
   */
  void report(int rows, Way way, double work, long nanos) {
    size(rows).report(way, work / Math.max(1, nanos));
  }
}
