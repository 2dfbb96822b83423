// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Matrix;
import java.util.Objects;

/**
 * Some rows of a matrix. They can be read, gathered, updated and their norm computed; nothing else
 * takes a part.
 *
 * @param first among the matrix's
 */
record TornadoRows(TornadoMatrix matrix, int first, int rows) implements Matrix {
  TornadoRows {
    Objects.checkFromIndexSize(first, rows, matrix.rows());
  }

  @Override
  public int columns() {
    return matrix.columns();
  }
}
