// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.host;

import io.github.megabert.backend.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Objects;

/**
 * A matrix in host memory, as the CPU backends use.
 *
 * @param segment {@code rows × columns} float32, row-major, 64-byte aligned unless it is a view
 */
public record HostMatrix(MemorySegment segment, int rows, int columns) implements Matrix {
  /** The host matrix that {@code matrix} is, checked to have the shape. */
  public static HostMatrix of(Matrix matrix, String name, int rows, int columns) {
    if (matrix.rows() != rows || matrix.columns() != columns) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s is [%d, %d], [%d, %d] is needed",
              name,
              matrix.rows(),
              matrix.columns(),
              rows,
              columns));
    }
    return of(matrix);
  }

  /** The host matrix that {@code matrix} is, checked to have as many elements. */
  public static HostMatrix ofElements(Matrix matrix, String name, long elements) {
    if ((long) matrix.rows() * matrix.columns() != elements) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s is [%d, %d], %d elements are needed",
              name,
              matrix.rows(),
              matrix.columns(),
              elements));
    }
    return of(matrix);
  }

  /** The host matrix that {@code matrix} is. */
  public static HostMatrix of(Matrix matrix) {
    if (matrix instanceof HostMatrix host) {
      return host;
    }
    if (matrix instanceof HostResidentMatrix resident) {
      return resident.matrix();
    }
    throw new IllegalArgumentException("the matrix belongs to another backend: " + matrix);
  }

  /** Some rows, in the same memory. */
  public HostMatrix rows(int first, int count) {
    Objects.checkFromIndexSize(first, count, rows);
    return new HostMatrix(segment.asSlice(rowOffset(first), rowOffset(count)), count, columns);
  }

  /** An element. */
  public float get(int row, int column) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * columns + column);
  }

  /** Sets an element. */
  public void set(int row, int column, double value) {
    segment.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * columns + column, (float) value);
  }

  /** Adds to an element. */
  public void add(int row, int column, double value) {
    set(row, column, get(row, column) + value);
  }

  /** Number of elements. */
  public long elements() {
    return (long) rows * columns;
  }

  /** Element {@code index} in row-major order. */
  public float get(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** Sets element {@code index} in row-major order. */
  public void set(long index, double value) {
    segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
  }

  /** Byte offset of a row. */
  public long rowOffset(int row) {
    return (long) row * columns * Float.BYTES;
  }
}
