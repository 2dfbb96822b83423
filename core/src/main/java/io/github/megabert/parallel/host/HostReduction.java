// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.host;

import io.github.megabert.parallel.Reduction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Reduces float32 numbers of several ranks in the order of the list, whatever their number and
 * place: the same bits from every engine. An instance belongs to one thread.
 */
public final class HostReduction {
  /**
   * Numbers that are reduced at a time: two blocks stay in the first-level cache. They are copied
   * to arrays, because the JIT compiler makes vector instructions of a loop over arrays, but not of
   * one over two segments that might overlap.
   */
  private static final int BLOCK = 2048;

  private final float[] sum = new float[BLOCK];
  private final float[] next = new float[BLOCK];

  /**
   * Reduces {@code sources[rank][sourceStart + i]} over all ranks for i below {@code count}, into
   * {@code destination[destinationStart + i]} of every destination. A destination may share its
   * numbers with a source, place by place.
   */
  public void reduce(
      Reduction reduction,
      List<MemorySegment> sources,
      long sourceStart,
      List<MemorySegment> destinations,
      long destinationStart,
      long count) {
    for (long done = 0; done < count; done += BLOCK) {
      int length = (int) Math.min(BLOCK, count - done);
      read(sources.getFirst(), sourceStart + done, sum, length);
      for (int rank = 1; rank < sources.size(); rank++) {
        read(sources.get(rank), sourceStart + done, next, length);
        switch (reduction) {
          case SUM -> add(sum, next, length);
          case MAX -> max(sum, next, length);
        }
      }
      for (MemorySegment destination : destinations) {
        MemorySegment.copy(
            sum,
            0,
            destination,
            ValueLayout.JAVA_FLOAT,
            (destinationStart + done) * Float.BYTES,
            length);
      }
    }
  }

  private static void read(MemorySegment source, long start, float[] block, int length) {
    MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, start * Float.BYTES, block, 0, length);
  }

  private static void add(float[] sum, float[] next, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += next[i];
    }
  }

  private static void max(float[] greatest, float[] next, int length) {
    for (int i = 0; i < length; i++) {
      greatest[i] = Math.max(greatest[i], next[i]);
    }
  }
}
