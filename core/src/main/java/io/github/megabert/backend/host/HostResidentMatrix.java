// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.host;

import io.github.megabert.backend.ResidentMatrix;
import java.lang.foreign.Arena;

/** A zero-filled {@link HostMatrix} with an arena of its own. */
public final class HostResidentMatrix implements ResidentMatrix {
  private final Arena arena = Arena.ofShared();
  private final HostMatrix matrix;
  private boolean closed;

  /** Allocates {@code [rows, columns]}. */
  public HostResidentMatrix(int rows, int columns) {
    matrix =
        new HostMatrix(
            arena.allocate(Math.max(1, (long) rows * columns) * Float.BYTES, 64), rows, columns);
  }

  HostMatrix matrix() {
    return matrix;
  }

  @Override
  public int rows() {
    return matrix.rows();
  }

  @Override
  public int columns() {
    return matrix.columns();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
