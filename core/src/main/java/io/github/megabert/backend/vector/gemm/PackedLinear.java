// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a linear layer as the matrix kernel reads them, in panels: panel p holds the
 * output channels from {@code p × PANEL} on, zeros past the last. Or those of a layer that has not
 * been packed.
 *
 * @param precision F32, BF16, F16 or INT8
 * @param panels F32: {@code [panels, inputs, PANEL]}. The others: words of 32 bits as {@link
 *     NarrowWeights} says
 * @param scales INT8: {@code [panels, groups, PANEL]} float32; otherwise empty
 * @param bias one float a channel, padded with zeros to whole panels
 * @param streamed whether so many weights have been packed that they come from the memory, or a
 *     cache that cores share, whenever they are used
 * @param words how the panels are laid out, where {@link NarrowTiles} multiply them: the scales are
 *     in the panels then; null where the Vector API does
 * @param unpacked the stacked weights as they were given, if they are to be transposed whenever
 *     they are used: then there are no panels, and the precision is F32, or BF16 where they are
 *     rounded to that before they are multiplied in F32. Otherwise empty
 */
public record PackedLinear(
    Precision precision,
    MemorySegment panels,
    MemorySegment scales,
    MemorySegment bias,
    int inputs,
    int outputs,
    boolean streamed,
    NarrowTiles.@Nullable Form words,
    List<Tensor> unpacked)
    implements Backend.Linear {
  /**
   * A layer that reads a matrix and a bias in the host's memory whenever it is used.
   *
   * @param precision F32 or BF16
   */
  public static PackedLinear live(Precision precision, HostMatrix weight, HostMatrix bias) {
    Tensor tensor =
        Tensor.wrap(weight.segment(), DType.F32, Shape.of(weight.rows(), weight.columns()));
    return new PackedLinear(
        precision,
        MemorySegment.NULL,
        MemorySegment.NULL,
        bias.segment(),
        weight.columns(),
        weight.rows(),
        false,
        null,
        List.of(tensor));
  }

  /**
   * The weight {@code [outputs, inputs]} of a layer that {@link #live(Precision, HostMatrix,
   * HostMatrix)} made.
   */
  public HostMatrix live() {
    return new HostMatrix(liveWeight(), outputs, inputs);
  }

  /** The memory of {@link #live()}. */
  MemorySegment liveWeight() {
    if (unpacked.size() != 1) {
      throw new IllegalArgumentException("the linear layer is packed, so it is not to be trained");
    }
    return unpacked.getFirst().segment();
  }

  /** Whether a weight that is not packed is rounded whenever it is used. */
  boolean isRounded() {
    return !isPacked() && precision == Precision.BF16;
  }

  /** Bytes of its parameters, packed or not. */
  public long memory() {
    return panels.byteSize()
        + scales.byteSize()
        + bias.byteSize()
        + unpacked.stream().mapToLong(Tensor::byteSize).sum();
  }

  /** Whether there are panels. */
  boolean isPacked() {
    return unpacked.isEmpty();
  }

  /** Number of panels. */
  int panelCount() {
    return Math.ceilDiv(outputs, Lanes.PANEL);
  }

  /** Bytes of a panel. */
  long panelBytes() {
    return bytes(inputs);
  }

  /** Where a panel's row {@code depth}, an even number, begins. */
  long panelOffset(int panel, int depth) {
    return panel * panelBytes() + bytes(depth);
  }

  /** Bytes of so many inputs of a panel. */
  long bytes(int count) {
    return words == null ? NarrowWeights.bytes(precision, count) : words.panelBytes(count);
  }

  /** Bytes of a panel's scales. */
  long scaleBytes() {
    return (long) Math.ceilDiv(inputs, NarrowWeights.GROUP) * Lanes.PANEL_BYTES;
  }

  /** Where the scales of the group begin that starts at input {@code depth}. */
  long scaleOffset(int panel, int depth) {
    return panel * scaleBytes() + (long) (depth / NarrowWeights.GROUP) * Lanes.PANEL_BYTES;
  }
}
