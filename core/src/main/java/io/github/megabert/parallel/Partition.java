// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** How a row of elements is cut into consecutive parts, one a rank; parts may be empty. */
public final class Partition {
  private final long[] starts;

  private Partition(long[] starts) {
    this.starts = starts;
  }

  /**
   * Parts of these lengths.
   *
   * @throws IllegalArgumentException if there is none, or a length is negative
   */
  public static Partition of(long... counts) {
    if (counts.length == 0) {
      throw new IllegalArgumentException("a partition has at least one part");
    }
    long[] starts = new long[counts.length + 1];
    for (int part = 0; part < counts.length; part++) {
      if (counts[part] < 0) {
        throw new IllegalArgumentException(
            "part " + part + " has " + counts[part] + " elements, at least 0 are needed");
      }
      starts[part + 1] = Math.addExact(starts[part], counts[part]);
    }
    return new Partition(starts);
  }

  /** Parts whose lengths differ by one element at most; the longer ones come first. */
  public static Partition even(long elements, int parts) {
    return evenRows(elements, 1, parts);
  }

  /**
   * Parts of whole rows of a row-major matrix, whose numbers of rows differ by one at most; the
   * longer ones come first.
   *
   * @param columns elements of a row
   */
  public static Partition evenRows(long rows, long columns, int parts) {
    long[] counts = new long[parts];
    for (int part = 0; part < parts; part++) {
      counts[part] = Math.multiplyExact(rows / parts + (part < rows % parts ? 1 : 0), columns);
    }
    return of(counts);
  }

  /** Number of parts. */
  public int parts() {
    return starts.length - 1;
  }

  /** Elements of all parts. */
  public long total() {
    return starts[parts()];
  }

  /** Index of a part's first element. */
  public long start(int part) {
    return starts[part];
  }

  /** Elements of a part. */
  public long count(int part) {
    return starts[part + 1] - starts[part];
  }

  /** The same parts in smaller elements, {@code factor} to each one here. */
  public Partition times(int factor) {
    return new Partition(
        Arrays.stream(starts).map(start -> Math.multiplyExact(start, factor)).toArray());
  }

  /**
   * A part of float32 numbers.
   *
   * @param floats {@link #total} numbers
   */
  public MemorySegment slice(MemorySegment floats, int part) {
    return floats.asSlice(start(part) * Float.BYTES, count(part) * Float.BYTES);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Partition partition && Arrays.equals(starts, partition.starts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(starts);
  }

  /** The lengths of the parts. */
  @Override
  public String toString() {
    long[] counts = new long[parts()];
    Arrays.setAll(counts, this::count);
    return Arrays.toString(counts);
  }
}
