// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import java.lang.foreign.MemorySegment;

/** The left operand of a product: brings its rows, some at a time, into {@link StridedRows}. */
sealed interface RowSource permits RowCopy, ColumnCopy {
  /** Copies {@code count} rows from {@code first} on. */
  void take(int first, int count);

  /** These rows, an array of floats. */
  MemorySegment segment();

  /** Where a row's block of inputs from {@code depth} on begins. */
  int at(int row, int depth);
}
