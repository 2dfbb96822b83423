// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Brings rows of weights in 8 bits, laid out as {@link NarrowWeights} says, times their scales to a
 * panel of float32.
 */
public final class ExpandBytes extends Kernel {
  /** The kernel. */
  public static final ExpandBytes KERNEL = new ExpandBytes();

  private ExpandBytes() {}

  /**
   * Expands {@code rows} rows.
   *
   * @param offset that of a group's first row
   * @param scales one row of PANEL floats a group of {@link NarrowWeights#GROUP}
   */
  public static void expand(
      Forms forms,
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long panelOffset) {
    if (KERNEL.isVector(forms)) {
      vector(bytes, offset, rows, scales, scaleOffset, panel, panelOffset);
    } else {
      plain(bytes, offset, rows, scales, scaleOffset, panel, panelOffset);
    }
  }

  private static void plain(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long panelOffset) {
    int groups = Math.ceilDiv(rows, NarrowWeights.GROUP);
    float[] factors = FloatArrays.read(scales, scaleOffset, groups * PANEL);
    float[] weights = NarrowWeights.readBytes(bytes, offset, rows);
    for (int i = 0; i < weights.length; i++) {
      weights[i] *= factors[i / PANEL / NarrowWeights.GROUP * PANEL + i % PANEL];
    }
    FloatArrays.write(weights, panel, panelOffset);
  }

  private static void vector(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long panelOffset) {
    for (int k = 0; k < rows; k += NarrowWeights.GROUP) {
      group(
          bytes,
          offset + NarrowWeights.bytes(Precision.INT8, k),
          Math.min(NarrowWeights.GROUP, rows - k),
          scales,
          scaleOffset + (long) (k / NarrowWeights.GROUP) * PANEL_BYTES,
          panel,
          panelOffset + (long) k * PANEL_BYTES);
    }
  }

  private static void group(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long at) {
    FloatVector low = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset, ORDER);
    FloatVector high =
        FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + VECTOR_BYTES, ORDER);
    for (int k = 0; k < rows; k++) {
      ByteVector row =
          ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, offset + (long) k * PANEL, ORDER);
      long to = at + (long) k * PANEL_BYTES;
      ((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0))
          .mul(low)
          .intoMemorySegment(panel, to, ORDER);
      ((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1))
          .mul(high)
          .intoMemorySegment(panel, to + VECTOR_BYTES, ORDER);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.either(11, 10), on.weights(), 0, on.output(), 0);
  }
}
