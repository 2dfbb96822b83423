// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The panels of stacked weights {@code [columns, depth]}, which each slot transposes. */
final class TransposedPanels implements PanelSource {
  private final Forms forms;
  private final @Nullable PanelReader[] readers;
  private List<Tensor> weights = List.of();

  TransposedPanels(Forms forms, int slots) {
    this.forms = forms;
    readers = new PanelReader[slots];
  }

  /** Says which weights. */
  void set(List<Tensor> stacked) {
    weights = stacked;
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
    PanelReader reader = readers[slot];
    if (reader == null) {
      reader = new PanelReader();
      readers[slot] = reader;
    }
    for (int panel = firstPanel; panel < endPanel; panel++) {
      reader.read(forms, weights, panel, k, count, target, offset + (panel - firstPanel) * step);
    }
  }
}
