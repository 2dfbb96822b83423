// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How weights that come from the memory are brought in while others are multiplied. What is best
 * depends on the processor and on the number of rows. An Intel Xeon with 8 and 16 rows gained a
 * fifth and a tenth by loading every line of a panel ahead; a Zen 5 fetches a panel sooner if left
 * alone, and lost a fifth to a third, but there the beginnings of its pages help, which a processor
 * does not fetch by itself: 5 % with 16 to 128 rows, a fifth to a half with one to four. So all
 * ways are tried in turns, on the first products of the process of about that many rows, and the
 * one whose upper quartile of speed was highest stays. Their results are the same.
 */
public final class ReadAhead {
  /** A way to bring in the panel to come. */
  public enum Way {
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

  /**
   * Rows up to which products are of one size; the last size has all others. Those of the first are
   * multiplied as they lie, in one tile, which reads no lines ahead.
   */
  private static final int[] SIZES = {RowTiles.MAX_ROWS, 8, 16, 40, 80, 256};

  /** Bytes of a cache line. */
  private static final int LINE = 64;

  /** Bytes of a page, at whose end a processor stops fetching ahead. */
  private static final int PAGE = 4096;

  private static final long UNLIKELY = 0x9e37;

  @SuppressWarnings("unused") // It is written so that what was computed for it cannot be dropped.
  private static volatile long kept;

  /** What is known of one size. */
  private static final class Size {
    private final Way[] ways;
    private final AtomicInteger tried = new AtomicInteger();
    private final Map<Way, List<Double>> speeds = new EnumMap<>(Way.class);
    private Way fastest = Way.PAGES;

    Size(Way... ways) {
      this.ways = ways;
    }

    boolean isTried() {
      return tried.get() < ways.length * TRIES;
    }

    Way next() {
      int product = tried.get();
      return product < ways.length * TRIES ? ways[product / LAYER % ways.length] : fastest();
    }

    synchronized void report(Way way, double speed) {
      speeds.computeIfAbsent(way, first -> new ArrayList<>()).add(speed);
      if (tried.incrementAndGet() >= ways.length * TRIES) {
        fastest = Collections.max(speeds.keySet(), Comparator.comparingDouble(this::quartile));
      }
    }

    /**
     * Not the best, which a cache may have helped to, nor the median: on a machine that others use
     * most products may be held up.
     */
    private double quartile(Way way) {
      List<Double> sorted = speeds.get(way).stream().sorted().toList();
      return sorted.get(sorted.size() * 3 / 4);
    }

    synchronized Way fastest() {
      return fastest;
    }
  }

  private final Size[] sizes = new Size[SIZES.length + 1];

  public ReadAhead() {
    Arrays.setAll(sizes, i -> i == 0 ? new Size(Way.NONE, Way.PAGES) : new Size(Way.values()));
  }

  private Size size(int rows) {
    int i = 0;
    while (i < SIZES.length && rows > SIZES[i]) {
      i++;
    }
    return sizes[i];
  }

  /** Whether a trial is on: then the time of a product of so many rows is to be reported. */
  public boolean isTried(int rows) {
    return size(rows).isTried();
  }

  /** How to read ahead in a product of so many rows. */
  public Way next(int rows) {
    return size(rows).next();
  }

  /**
   * Takes the time of a product.
   *
   * @param work multiply-adds
   */
  public void report(int rows, Way way, double work, long nanos) {
    size(rows).report(way, work / Math.max(1, nanos));
  }

  /** Loads the first two lines of each page: two get the processor to fetch the rest. */
  static void touchPages(MemorySegment memory, long offset, long bytes) {
    long touched = 0;
    for (long at = 0; at < bytes - LINE; at += PAGE) {
      touched += memory.get(ValueLayout.JAVA_BYTE, offset + at);
      touched += memory.get(ValueLayout.JAVA_BYTE, offset + at + LINE);
    }
    keep(touched);
  }

  /** Keeps C2 from dropping the loads whose sum this is. */
  static void keep(long touched) {
    if (touched == UNLIKELY) {
      kept = touched;
    }
  }
}
