package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.LinearShapes;
import io.github.megabert.backend.Precision;
import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings stacked weights into panels: a panel is a task, on all threads unless a weight is confined
 * to one.
 */
final class Packing {
  /** Inputs packed at a time: this many rows of a panel stay in the first-level cache. */
  private static final int BLOCK = 64;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Packing() {}

  /** Packs {@code weights} and {@code biases}, which may be freed afterwards. */
  static PackedLinear pack(
      Workers workers,
      Arena arena,
      Precision precision,
      List<Tensor> weights,
      List<@Nullable Tensor> biases) {
    LinearShapes shapes = LinearShapes.check(weights, biases);
    int inputs = shapes.inputs();
    int outputs = shapes.outputs();
    int panels = Math.ceilDiv(outputs, PANEL);
    boolean narrow = precision != Precision.F32;
    long panelBytes = NarrowWeights.bytes(precision, inputs);
    long scaleBytes = (long) Math.ceilDiv(inputs, NarrowWeights.GROUP) * PANEL_BYTES;
    MemorySegment packed = arena.allocate(Math.max(1, panels * panelBytes), Tensor.ALIGNMENT);
    MemorySegment scales =
        precision == Precision.INT8
            ? arena.allocate(panels * scaleBytes, Tensor.ALIGNMENT)
            : MemorySegment.NULL;
    Workers.Task task =
        panel -> {
          if (!narrow) {
            packPanel(weights, panel, inputs, packed, panel * panelBytes);
            return;
          }
          try (Arena local = Arena.ofConfined()) {
            MemorySegment wide = local.allocate((long) inputs * PANEL_BYTES, Tensor.ALIGNMENT);
            packPanel(weights, panel, inputs, wide, 0);
            NarrowWeights.store(
                precision, wide, inputs, packed, panel * panelBytes, scales, panel * scaleBytes);
          }
        };
    if (weights.stream().allMatch(weight -> HostParameter.isShared(weight.segment()))) {
      workers.run(panels, task);
    } else {
      for (int panel = 0; panel < panels; panel++) {
        task.run(panel);
      }
    }
    return new PackedLinear(
        precision, packed, scales, stackBiases(arena, weights, biases), inputs, outputs);
  }

  private static void packPanel(
      List<Tensor> weights, int panel, int inputs, MemorySegment panels, long offset) {
    int column = 0;
    for (Tensor weight : weights) {
      int rows = weight.shape().intExtent(0);
      int from = Math.max(0, panel * PANEL - column);
      int to = Math.min(rows, (panel + 1) * PANEL - column);
      if (from < to) {
        long target = offset + (long) (column + from - panel * PANEL) * Float.BYTES;
        packRows(weight, from, to, inputs, panels, target);
      }
      column += rows;
    }
  }

  private static MemorySegment stackBiases(
      Arena arena, List<Tensor> weights, List<@Nullable Tensor> biases) {
    int outputs = 0;
    for (Tensor weight : weights) {
      outputs += weight.shape().intExtent(0);
    }
    MemorySegment bias =
        arena.allocate((long) Lanes.padToPanel(outputs) * Float.BYTES, Tensor.ALIGNMENT);
    long at = 0;
    for (int i = 0; i < weights.size(); i++) {
      Tensor part = biases.get(i);
      int rows = weights.get(i).shape().intExtent(0);
      for (int r = 0; part != null && r < rows; r++) {
        bias.set(FLOAT, at + (long) r * Float.BYTES, part.getFloat(r));
      }
      at += (long) rows * Float.BYTES;
    }
    return bias;
  }

  /** Writes rows of a weight as columns of a panel that begin at byte {@code target}. */
  private static void packRows(
      Tensor weight, int from, int to, int inputs, MemorySegment panels, long target) {
    for (int block = 0; block < inputs; block += BLOCK) {
      int end = Math.min(inputs, block + BLOCK);
      for (int row = from; row < to; row++) {
        long source = (long) row * inputs;
        long column = target + (long) (row - from) * Float.BYTES;
        packRun(weight, source, block, end, panels, column);
      }
    }
  }

  private static void packRun(
      Tensor weight, long source, int from, int to, MemorySegment panels, long column) {
    MemorySegment memory = weight.segment();
    if (weight.dtype() == DType.F32) {
      for (int k = from; k < to; k++) {
        panels.set(FLOAT, column + (long) k * PANEL_BYTES, memory.get(FLOAT, (source + k) * 4));
      }
    } else if (weight.dtype() == DType.F16) {
      for (int k = from; k < to; k++) {
        float value = Float.float16ToFloat(memory.get(SHORT, (source + k) * 2));
        panels.set(FLOAT, column + (long) k * PANEL_BYTES, value);
      }
    } else if (weight.dtype() == DType.BF16) {
      for (int k = from; k < to; k++) {
        float value = BFloat16.toFloat(memory.get(SHORT, (source + k) * 2));
        panels.set(FLOAT, column + (long) k * PANEL_BYTES, value);
      }
    } else {
      for (int k = from; k < to; k++) {
        panels.set(FLOAT, column + (long) k * PANEL_BYTES, weight.getFloat(source + k));
      }
    }
  }
}
