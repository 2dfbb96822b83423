// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Matrix;
import io.github.megabert.tornado.recording.Operand;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A matrix on the device.
 *
 * @param owner the computation that it belongs to, null for one that outlives computations
 * @param capacity rows that there is room for; kernels compute that many
 */
record TornadoMatrix(
    @Nullable TornadoComputation owner, Operand operand, int rows, int columns, int capacity)
    implements Matrix {
  /** Throws {@link IllegalArgumentException} with both shapes if a matrix has another. */
  static void requireShape(Matrix matrix, String name, int rows, int columns) {
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
  }
}
