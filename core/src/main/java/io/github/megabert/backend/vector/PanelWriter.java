package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;

import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Transposes rows of stacked weights into one panel, {@value NarrowWeights#GROUP} inputs at a time,
 * by way of arrays: a loop over arrays is fast after a millisecond of running, one over memory
 * segments only once C2 has compiled it, and a model is packed once.
 */
final class PanelWriter {
  private static final int BLOCK = NarrowWeights.GROUP;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

  private final List<Tensor> weights;
  private final PackedLinear linear;
  private final int panel;

  /** Weights of the block as they are stored: {@code [PANEL, count]}. */
  private final float[] rows = new float[PANEL * BLOCK];

  /** Transposed: {@code [count, PANEL]}. */
  private final float[] columns = new float[PANEL * BLOCK];

  private final short[] halves = new short[BLOCK];

  PanelWriter(List<Tensor> weights, PackedLinear linear, int panel) {
    this.weights = weights;
    this.linear = linear;
    this.panel = panel;
  }

  /**
   * Writes the panel.
   *
   * @throws IllegalArgumentException if a weight is beyond the range of the precision
   */
  void write() {
    for (int k = 0; k < linear.inputs(); k += BLOCK) {
      int count = Math.min(BLOCK, linear.inputs() - k);
      read(k, count);
      transpose(rows, BLOCK, count, columns);
      long offset = linear.panelOffset(panel, k);
      switch (linear.precision()) {
        case BF16, F16 ->
            NarrowWeights.storeHalves(linear.precision(), columns, count, linear.panels(), offset);
        case INT8 ->
            NarrowWeights.storeBytes(
                columns,
                count,
                linear.panels(),
                offset,
                linear.scales(),
                linear.scaleOffset(panel, k));
        default -> MemorySegment.copy(columns, 0, linear.panels(), FLOAT, offset, count * PANEL);
      }
    }
  }

  /**
   * Transposes a panel's worth of rows.
   *
   * @param rows {@code [PANEL, stride]}, of which the first {@code count} columns are taken
   * @param columns {@code [count, PANEL]}, overwritten
   */
  static void transpose(float[] rows, int stride, int count, float[] columns) {
    // Stores at constant distances need no check each, loads at a variable distance would.
    for (int n = 0; n < PANEL; n++) {
      int from = n * stride;
      for (int k = 0; k < count; k++) {
        columns[k * PANEL + n] = rows[from + k];
      }
    }
  }

  private void read(int k, int count) {
    int column = 0;
    for (Tensor weight : weights) {
      int extent = weight.shape().intExtent(0);
      int from = Math.max(0, panel * PANEL - column);
      int to = Math.min(extent, (panel + 1) * PANEL - column);
      for (int row = from; row < to; row++) {
        int n = column + row - panel * PANEL;
        read(weight, (long) row * linear.inputs() + k, count, n * BLOCK);
      }
      column += extent;
    }
  }

  private void read(Tensor weight, long first, int count, int to) {
    MemorySegment memory = weight.segment();
    DType dtype = weight.dtype();
    if (dtype == DType.F32) {
      MemorySegment.copy(memory, FLOAT, first * Float.BYTES, rows, to, count);
    } else if (dtype == DType.F16 || dtype == DType.BF16) {
      MemorySegment.copy(memory, SHORT, first * Short.BYTES, halves, 0, count);
      for (int i = 0; i < count; i++) {
        short half = halves[i];
        rows[to + i] = dtype == DType.F16 ? Float.float16ToFloat(half) : BFloat16.toFloat(half);
      }
    } else {
      for (int i = 0; i < count; i++) {
        rows[to + i] = weight.getFloat(first + i);
      }
    }
  }
}
