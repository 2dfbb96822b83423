// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;

import io.github.megabert.backend.Precision;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Packs panels of stacked weights in the layout of their precision, one thread's share of them. */
final class PanelWriter {
  private final List<Tensor> weights;
  private final PackedLinear linear;
  private final PanelReader reader = new PanelReader();

  PanelWriter(List<Tensor> weights, PackedLinear linear) {
    this.weights = weights;
    this.linear = linear;
  }

  /**
   * Writes a panel.
   *
   * @throws IllegalArgumentException if a weight is beyond the range of the precision
   */
  void write(int panel) {
    for (int k = 0; k < linear.inputs(); k += PanelReader.DEPTH) {
      int count = Math.min(PanelReader.DEPTH, linear.inputs() - k);
      reader.fetch(weights, panel, k, count);
      for (int from = 0; from < count; from += PanelReader.BLOCK) {
        int part = Math.min(PanelReader.BLOCK, count - from);
        store(panel, k + from, reader.transpose(from, part), part);
      }
    }
  }

  private void store(int panel, int k, float[] columns, int count) {
    MemorySegment panels = linear.panels();
    long offset = linear.panelOffset(panel, k);
    if (linear.words() != null) {
      if (linear.precision() == Precision.BF16) {
        NarrowWords.storePairs(columns, count, panels, offset);
      } else {
        NarrowWords.storeFours(columns, count, panels, offset);
      }
      return;
    }
    switch (linear.precision()) {
      case BF16, F16 ->
          NarrowWeights.storeHalves(linear.precision(), columns, count, panels, offset);
      case INT8 ->
          NarrowWeights.storeBytes(
              columns, count, panels, offset, linear.scales(), linear.scaleOffset(panel, k));
      default -> MemorySegment.copy(columns, 0, panels, FLOAT, offset, count * PANEL);
    }
  }
}
