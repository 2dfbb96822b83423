// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.rows.RoundRow;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/**
 * The panels of another source, rounded to bfloat16 once they are in the cache. So weights that are
 * trained in float32 need no rounded copy.
 */
final class RoundedPanels implements PanelSource {
  private final Forms forms;
  private final PanelSource exact;

  RoundedPanels(Forms forms, PanelSource exact) {
    this.forms = forms;
    this.exact = exact;
  }

  @Override
  public void read(
      int firstPanel,
      int endPanel,
      int k,
      int count,
      int slot,
      MemorySegment target,
      long offset,
      long step) {
    exact.read(firstPanel, endPanel, k, count, slot, target, offset, step);
    for (int panel = 0; panel < endPanel - firstPanel; panel++) {
      RoundRow.round(forms, target, offset + panel * step, count * Lanes.PANEL);
    }
  }
}
