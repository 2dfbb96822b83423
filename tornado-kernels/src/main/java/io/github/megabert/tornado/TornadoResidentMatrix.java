// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.ResidentMatrix;

/** A matrix that outlives computations; its memory goes back to the backend when it is closed. */
final class TornadoResidentMatrix implements ResidentMatrix {
  private final TornadoMatrix matrix;
  private final Runnable release;
  private boolean closed;

  TornadoResidentMatrix(TornadoMatrix matrix, Runnable release) {
    this.matrix = matrix;
    this.release = release;
  }

  synchronized TornadoMatrix matrix() {
    if (closed) {
      throw new IllegalStateException("the resident matrix is closed");
    }
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
      release.run();
    }
  }
}
