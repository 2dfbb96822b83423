// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import java.lang.foreign.MemorySegment;

/**
 * The right operand of a product, {@code [depth, columns]}: brings its columns as float32 into
 * panels whenever they are needed.
 */
sealed interface PanelSource permits TransposedPanels, StripPanels, RoundedPanels {
  /**
   * Writes rows {@code k} to {@code k + count - 1} of some panels, zeros past the last column.
   *
   * @param k a multiple of {@link Gemm#DEPTH}
   * @param slot of the calling thread
   * @param target takes {@code [count, PANEL]} for each panel, the first from {@code offset} on
   * @param step bytes from a panel to the next
   */
  void read(
      int firstPanel,
      int endPanel,
      int k,
      int count,
      int slot,
      MemorySegment target,
      long offset,
      long step);
}
