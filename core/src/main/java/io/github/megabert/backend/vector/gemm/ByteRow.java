// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One row times four panels of weights in 8 bits, groups and scales included, with the results of
 * {@link ByteTiles}.
 *
 * <p>Of one panel at a time a group is 128 steps of two multiply-adds, each of which waits for the
 * one before; then its loop ends, which the processor does not foresee, and what it has read ahead
 * is lost. Four panels share these ends and fill the waits: from memory they come 1.6 times as
 * fast. Written out for the reasons given in {@link RowTiles}.
 */
public final class ByteRow extends Kernel {
  /** Panels that are multiplied at once. */
  public static final int PANELS = 4;

  /** The kernel. */
  public static final ByteRow KERNEL = new ByteRow();

  /** So many times as deep, a panel has more than one group. */
  private static final int GROUPED = 3;

  private ByteRow() {}

  /**
   * The row's products with all four.
   *
   * @param depth number of k
   * @param xOffset bytes from the start of x to the row's first element
   * @param offset bytes from the start of bytes to the first panel's first row, that of a group
   * @param panelStep bytes from a panel to the next
   * @param scaleStep bytes from a panel's scales to those of the next
   * @param c {@code [PANELS, PANEL]}
   */
  public static void multiply(
      Forms forms,
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment bytes,
      long offset,
      long panelStep,
      MemorySegment scales,
      long scaleOffset,
      long scaleStep,
      MemorySegment c,
      long cOffset) {
    if (KERNEL.isVector(forms)) {
      vector(
          depth, x, xOffset, bytes, offset, panelStep, scales, scaleOffset, scaleStep, c, cOffset);
    } else {
      plain(
          depth, x, xOffset, bytes, offset, panelStep, scales, scaleOffset, scaleStep, c, cOffset);
    }
  }

  private static void plain(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment bytes,
      long offset,
      long panelStep,
      MemorySegment scales,
      long scaleOffset,
      long scaleStep,
      MemorySegment c,
      long cOffset) {
    for (int p = 0; p < PANELS; p++) {
      long panel = offset + p * panelStep;
      long scale = scaleOffset + p * scaleStep;
      long to = cOffset + (long) p * PANEL_BYTES;
      ByteTiles.plain(1, depth, x, xOffset, 0, bytes, panel, scales, scale, c, to);
    }
  }

  @Override
  protected void exercise(Operands on) {
    exercise(on, on.depth() * on.either(1, GROUPED));
    exercise(on, 2);
  }

  private static void exercise(Operands on, int depth) {
    MemorySegment scales = on.scratch();
    vector(depth, on.input(), 0, on.weights(), 0, 0, scales, 0, 0, on.output(), 0);
  }

  private static void vector(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment bytes,
      long offset,
      long panelStep,
      MemorySegment scales,
      long scaleOffset,
      long scaleStep,
      MemorySegment c,
      long cOffset) {
    long p1 = offset + panelStep;
    long p2 = p1 + panelStep;
    long p3 = p2 + panelStep;
    // To -0 a product is added as it is, be it 0 or -0.
    FloatVector lowTotal0 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector highTotal0 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector lowTotal1 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector highTotal1 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector lowTotal2 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector highTotal2 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector lowTotal3 = FloatVector.broadcast(SPECIES, -0f);
    FloatVector highTotal3 = FloatVector.broadcast(SPECIES, -0f);
    long scale = scaleOffset;
    for (int first = 0; first < depth; first += NarrowWeights.GROUP) {
      int end = Math.min(depth, first + NarrowWeights.GROUP);
      FloatVector l0 = FloatVector.zero(SPECIES);
      FloatVector h0 = FloatVector.zero(SPECIES);
      FloatVector l1 = FloatVector.zero(SPECIES);
      FloatVector h1 = FloatVector.zero(SPECIES);
      FloatVector l2 = FloatVector.zero(SPECIES);
      FloatVector h2 = FloatVector.zero(SPECIES);
      FloatVector l3 = FloatVector.zero(SPECIES);
      FloatVector h3 = FloatVector.zero(SPECIES);
      for (int k = first; k < end; k++) {
        long step = (long) k * PANEL;
        FloatVector e =
            FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + (long) k * Float.BYTES));
        ByteVector row = ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, offset + step, ORDER);
        l0 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0), l0);
        h0 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1), h0);
        row = ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, p1 + step, ORDER);
        l1 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0), l1);
        h1 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1), h1);
        row = ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, p2 + step, ORDER);
        l2 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0), l2);
        h2 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1), h2);
        row = ByteVector.fromMemorySegment(ByteTiles.ROW, bytes, p3 + step, ORDER);
        l3 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0), l3);
        h3 = e.fma((FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1), h3);
      }
      lowTotal0 = l0.fma(FloatVector.fromMemorySegment(SPECIES, scales, scale, ORDER), lowTotal0);
      highTotal0 =
          h0.fma(
              FloatVector.fromMemorySegment(SPECIES, scales, scale + VECTOR_BYTES, ORDER),
              highTotal0);
      long at1 = scale + scaleStep;
      lowTotal1 = l1.fma(FloatVector.fromMemorySegment(SPECIES, scales, at1, ORDER), lowTotal1);
      highTotal1 =
          h1.fma(
              FloatVector.fromMemorySegment(SPECIES, scales, at1 + VECTOR_BYTES, ORDER),
              highTotal1);
      long at2 = scale + 2 * scaleStep;
      lowTotal2 = l2.fma(FloatVector.fromMemorySegment(SPECIES, scales, at2, ORDER), lowTotal2);
      highTotal2 =
          h2.fma(
              FloatVector.fromMemorySegment(SPECIES, scales, at2 + VECTOR_BYTES, ORDER),
              highTotal2);
      long at3 = scale + 3 * scaleStep;
      lowTotal3 = l3.fma(FloatVector.fromMemorySegment(SPECIES, scales, at3, ORDER), lowTotal3);
      highTotal3 =
          h3.fma(
              FloatVector.fromMemorySegment(SPECIES, scales, at3 + VECTOR_BYTES, ORDER),
              highTotal3);
      scale += PANEL_BYTES;
    }
    lowTotal0.intoMemorySegment(c, cOffset, ORDER);
    highTotal0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    lowTotal1.intoMemorySegment(c, cOffset + PANEL_BYTES, ORDER);
    highTotal1.intoMemorySegment(c, cOffset + PANEL_BYTES + VECTOR_BYTES, ORDER);
    lowTotal2.intoMemorySegment(c, cOffset + 2L * PANEL_BYTES, ORDER);
    highTotal2.intoMemorySegment(c, cOffset + 2L * PANEL_BYTES + VECTOR_BYTES, ORDER);
    lowTotal3.intoMemorySegment(c, cOffset + 3L * PANEL_BYTES, ORDER);
    highTotal3.intoMemorySegment(c, cOffset + 3L * PANEL_BYTES + VECTOR_BYTES, ORDER);
  }
}
