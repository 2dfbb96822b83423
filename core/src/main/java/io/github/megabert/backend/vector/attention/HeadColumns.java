// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import io.github.megabert.backend.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/** A matrix of which each head reads or writes columns of its own. */
final class HeadColumns {
  private MemorySegment segment = MemorySegment.NULL;
  private long stride;
  private long column;

  void set(HostMatrix matrix, int firstColumn) {
    segment = matrix.segment();
    stride = (long) matrix.columns() * Float.BYTES;
    column = (long) firstColumn * Float.BYTES;
  }

  MemorySegment segment() {
    return segment;
  }

  /** Bytes from a row to the next. */
  long stride() {
    return stride;
  }

  /**
   * Byte offset of a number.
   *
   * @param headColumn counted from the first head's first column
   */
  long at(int row, int headColumn) {
    return row * stride + column + (long) headColumn * Float.BYTES;
  }
}
