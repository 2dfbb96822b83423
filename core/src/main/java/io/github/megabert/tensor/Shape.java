// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import java.util.Arrays;

/** The extents of a tensor, outermost first. A scalar has rank 0 and one element. Immutable. */
public final class Shape {
  private final long[] extents;
  private final long elements;

  private Shape(long[] extents) {
    long product = 1;
    for (long extent : extents) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "a shape has no negative extent: " + Arrays.toString(extents));
      }
      product = extent == 0 || product == 0 ? 0 : Math.multiplyExact(product, extent);
    }
    this.extents = extents;
    this.elements = product;
  }

  /**
   * A shape of the given extents.
   *
   * @throws IllegalArgumentException if an extent is negative
   * @throws ArithmeticException if the number of elements overflows a {@code long}
   */
  public static Shape of(long... extents) {
    return new Shape(extents.clone());
  }

  /** Number of extents. */
  public int rank() {
    return extents.length;
  }

  /** Extent {@code axis}; a negative axis counts from the end. */
  public long extent(int axis) {
    return extents[axis < 0 ? extents.length + axis : axis];
  }

  /**
   * Extent {@code axis} as an {@code int}.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  public int intExtent(int axis) {
    long extent = extent(axis);
    if (extent > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("the shape " + this + " has an extent beyond 32 bits");
    }
    return (int) extent;
  }

  /** Product of all extents. */
  public long elements() {
    return elements;
  }

  /** A copy of the extents. */
  public long[] toArray() {
    return extents.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  /** As in Python: {@code [2, 3]}. */
  @Override
  public String toString() {
    return Arrays.toString(extents);
  }
}
