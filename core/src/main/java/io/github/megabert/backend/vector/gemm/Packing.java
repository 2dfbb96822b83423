// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FilePages;
import io.github.megabert.backend.vector.memory.HostParameter;
import io.github.megabert.backend.vector.memory.HugePages;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Brings stacked weights into panels, on all threads unless a weight is confined to one. */
public final class Packing {
  private Packing() {}

  /**
   * Packs {@code weights} and {@code biases}, which may be freed afterwards.
   *
   * @param streamed see {@link PackedLinear}
   */
  public static PackedLinear pack(
      Workers workers,
      Arena arena,
      Precision precision,
      List<Tensor> weights,
      List<@Nullable Tensor> biases,
      boolean streamed) {
    return pack(workers, arena, precision, weights, biases, streamed, false);
  }

  /**
   * Packs {@code weights} and {@code biases}, which may be freed afterwards.
   *
   * @param streamed see {@link PackedLinear}
   * @param inWords whether for {@link MachineNarrowTiles}, if these serve
   */
  public static PackedLinear pack(
      Workers workers,
      Arena arena,
      Precision precision,
      List<Tensor> weights,
      List<@Nullable Tensor> biases,
      boolean streamed,
      boolean inWords) {
    LinearShapes shapes = LinearShapes.check(weights, biases);
    int inputs = shapes.inputs();
    int outputs = shapes.outputs();
    int panels = Math.ceilDiv(outputs, PANEL);
    NarrowTiles.Form words = inWords ? MachineNarrowTiles.form(precision, inputs) : null;
    long panelBytes =
        words == null ? NarrowWeights.bytes(precision, inputs) : words.panelBytes(inputs);
    long scaleBytes = (long) Math.ceilDiv(inputs, NarrowWeights.GROUP) * PANEL_BYTES;
    MemorySegment scales =
        precision == Precision.INT8 && words == null
            ? HugePages.allocate(arena, panels * scaleBytes)
            : MemorySegment.NULL;
    PackedLinear packed =
        new PackedLinear(
            precision,
            HugePages.allocate(arena, panels * panelBytes),
            scales,
            stackBiases(arena, weights, biases),
            inputs,
            outputs,
            streamed,
            words,
            List.of());
    weights.forEach(weight -> FilePages.fetch(weight.segment()));
    AtomicInteger next = new AtomicInteger();
    Workers.Task task =
        slot -> {
          PanelWriter writer = new PanelWriter(weights, packed);
          for (int panel = next.getAndIncrement(); panel < panels; ) {
            writer.write(panel);
            panel = next.getAndIncrement();
          }
        };
    if (areShared(weights)) {
      workers.run(Math.min(panels, workers.threads()), task);
    } else {
      task.run(0);
    }
    weights.forEach(weight -> FilePages.release(weight.segment()));
    return packed;
  }

  /**
   * Leaves {@code weights} where they are and as they are, for {@link Gemm} to transpose at each
   * product.
   */
  public static PackedLinear leave(
      Arena arena, List<Tensor> weights, List<@Nullable Tensor> biases) {
    LinearShapes shapes = LinearShapes.check(weights, biases);
    weights.forEach(weight -> FilePages.fetch(weight.segment()));
    return new PackedLinear(
        Precision.F32,
        MemorySegment.NULL,
        MemorySegment.NULL,
        stackBiases(arena, weights, biases),
        shapes.inputs(),
        shapes.outputs(),
        false,
        null,
        List.copyOf(weights));
  }

  /** Whether every thread may read them. */
  public static boolean areShared(List<Tensor> weights) {
    return weights.stream().allMatch(weight -> HostParameter.isShared(weight.segment()));
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
      if (part != null) {
        MemorySegment.copy(part.toFloatArray(), 0, bias, Lanes.FLOAT, at, rows);
      }
      at += (long) rows * Float.BYTES;
    }
    return bias;
  }
}
