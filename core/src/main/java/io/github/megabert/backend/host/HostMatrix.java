package io.github.megabert.backend.host;

import io.github.megabert.backend.Matrix;
import java.lang.foreign.MemorySegment;

/**
 * A matrix in host memory, as the CPU backends use.
 *
 * @param segment {@code rows × columns} float32, row-major, 64-byte aligned
 */
public record HostMatrix(MemorySegment segment, int rows, int columns) implements Matrix {
  /** The host matrix that {@code matrix} is, checked to have the shape. */
  public static HostMatrix of(Matrix matrix, String name, int rows, int columns) {
    if (matrix.rows() != rows || matrix.columns() != columns) {
      throw new IllegalArgumentException(
          String.format(
              "%s is [%d, %d], [%d, %d] is needed",
              name, matrix.rows(), matrix.columns(), rows, columns));
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

  /** Byte offset of a row. */
  public long rowOffset(int row) {
    return (long) row * columns * Float.BYTES;
  }
}
