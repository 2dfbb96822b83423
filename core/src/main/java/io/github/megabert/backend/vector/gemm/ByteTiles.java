// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
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
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowTiles} over weights in 8 bits, which become float32 in registers: {@code c[r, n] = Σ
 * scale[group, n] · Σ x[r, k] · q[k, n]}, the inner sum over the k of a group. Laid out as {@link
 * NarrowWeights} says, and written out for the reasons given in {@link RowTiles}.
 */
public final class ByteTiles extends Kernel {
  /** The bytes of a row of a panel. */
  static final VectorSpecies<Byte> ROW =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(PANEL * Byte.SIZE));

  private static final ByteTiles[] KERNELS = {
    new ByteTiles(1), new ByteTiles(2), new ByteTiles(3), new ByteTiles(4)
  };

  private final int rows;

  private ByteTiles(int rows) {
    this.rows = rows;
  }

  /** The kernel of tiles of so many rows. */
  static ByteTiles of(int rows) {
    return KERNELS[rows - 1];
  }

  /**
   * Multiplies rows by a panel.
   *
   * @param rows rows of x and of c, 1 to {@link RowTiles#MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param bytes as {@link NarrowWeights} lays them out; {@code offset} is that of a group's first
   *     row
   * @param scales one row of PANEL floats a group of {@link NarrowWeights#GROUP}
   * @param sums memory for {@code rows} rows of PANEL floats, at {@code sumsOffset}
   * @param c {@code [rows, PANEL]}
   */
  public static void multiply(
      Forms forms,
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment sums,
      long sumsOffset,
      MemorySegment c,
      long cOffset) {
    if (of(rows).isVector(forms)) {
      vector(
          rows,
          depth,
          x,
          xOffset,
          xStride,
          bytes,
          offset,
          scales,
          scaleOffset,
          sums,
          sumsOffset,
          c,
          cOffset);
    } else {
      plain(rows, depth, x, xOffset, xStride, bytes, offset, scales, scaleOffset, c, cOffset);
    }
  }

  /** The plain form, also that of {@link ByteRow}. */
  static void plain(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment c,
      long cOffset) {
    float[] factors =
        FloatArrays.read(scales, scaleOffset, Math.ceilDiv(depth, NarrowWeights.GROUP) * PANEL);
    float[] result = new float[rows * PANEL];
    for (int k = 0; k < depth; k += NarrowWeights.GROUP) {
      int count = Math.min(NarrowWeights.GROUP, depth - k);
      long xAt = xOffset + (long) k * Float.BYTES;
      float[] operand = FloatArrays.readRows(x, xAt, xStride, rows, count);
      float[] weights =
          NarrowWeights.readBytes(bytes, offset + NarrowWeights.bytes(Precision.INT8, k), count);
      float[] sums = PlainPanel.multiply(rows, count, operand, weights);
      int group = k / NarrowWeights.GROUP * PANEL;
      for (int i = 0; i < sums.length; i++) {
        float factor = factors[group + i % PANEL];
        result[i] = k == 0 ? sums[i] * factor : Math.fma(sums[i], factor, result[i]);
      }
    }
    FloatArrays.write(result, c, cOffset);
  }

  private static void vector(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment sums,
      long sumsOffset,
      MemorySegment c,
      long cOffset) {
    for (int k = 0; k < depth; k += NarrowWeights.GROUP) {
      int count = Math.min(NarrowWeights.GROUP, depth - k);
      long groupX = xOffset + (long) k * Float.BYTES;
      long group = offset + NarrowWeights.bytes(Precision.INT8, k);
      tile(rows, count, x, groupX, xStride, bytes, group, sums, sumsOffset, PANEL_BYTES);
      long groupScales = scaleOffset + (long) (k / NarrowWeights.GROUP) * PANEL_BYTES;
      addScaled(rows, k == 0, sums, sumsOffset, scales, groupScales, c, cOffset);
    }
  }

  /** {@code c[r, n] += scale[n] · sums[r, n]}; c is taken as 0 where {@code isFirst}. */
  private static void addScaled(
      int rows,
      boolean isFirst,
      MemorySegment sums,
      long sumsAt,
      MemorySegment scales,
      long scaleAt,
      MemorySegment c,
      long at) {
    FloatVector low = FloatVector.fromMemorySegment(SPECIES, scales, scaleAt, ORDER);
    FloatVector high =
        FloatVector.fromMemorySegment(SPECIES, scales, scaleAt + VECTOR_BYTES, ORDER);
    for (int r = 0; r < rows; r++) {
      long from = sumsAt + (long) r * PANEL_BYTES;
      long to = at + (long) r * PANEL_BYTES;
      FloatVector lowSums = FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER);
      FloatVector highSums =
          FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER);
      if (isFirst) {
        lowSums.mul(low).intoMemorySegment(c, to, ORDER);
        highSums.mul(high).intoMemorySegment(c, to + VECTOR_BYTES, ORDER);
      } else {
        lowSums
            .fma(low, FloatVector.fromMemorySegment(SPECIES, c, to, ORDER))
            .intoMemorySegment(c, to, ORDER);
        highSums
            .fma(high, FloatVector.fromMemorySegment(SPECIES, c, to + VECTOR_BYTES, ORDER))
            .intoMemorySegment(c, to + VECTOR_BYTES, ORDER);
      }
    }
  }

  @Override
  protected void exercise(Operands on) {
    exercise(on, on.depth());
    exercise(on, 2);
  }

  private void exercise(Operands on, int depth) {
    MemorySegment bytes = on.weights();
    MemorySegment scales = on.scratch();
    long sums = Operands.STRIDE;
    long stride = Operands.STRIDE;
    MemorySegment c = on.output();
    vector(rows, depth, on.input(), 0, stride, bytes, 0, scales, 0, scales, sums, c, 0);
  }

  /** The products with one group's weights, without the scale. */
  private static void tile(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    switch (rows) {
      case 1 -> multiply1(depth, x, xOffset, bytes, offset, c, cOffset);
      case 2 -> multiply2(depth, x, xOffset, xStride, bytes, offset, c, cOffset, cStride);
      case 3 -> multiply3(depth, x, xOffset, xStride, bytes, offset, c, cOffset, cStride);
      case 4 -> multiply4(depth, x, xOffset, xStride, bytes, offset, c, cOffset, cStride);
      default -> throw new IllegalArgumentException("a tile of " + rows + " rows");
    }
  }

  private static void multiply1(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment bytes,
      long offset,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      ByteVector row = ByteVector.fromMemorySegment(ROW, bytes, offset + (long) k * PANEL, ORDER);
      FloatVector low = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0);
      FloatVector high = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
  }

  private static void multiply2(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long x1 = xOffset + xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      ByteVector row = ByteVector.fromMemorySegment(ROW, bytes, offset + (long) k * PANEL, ORDER);
      FloatVector low = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0);
      FloatVector high = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply3(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      ByteVector row = ByteVector.fromMemorySegment(ROW, bytes, offset + (long) k * PANEL, ORDER);
      FloatVector low = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0);
      FloatVector high = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x2 + step));
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
  }

  private static void multiply4(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      ByteVector row = ByteVector.fromMemorySegment(ROW, bytes, offset + (long) k * PANEL, ORDER);
      FloatVector low = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 0);
      FloatVector high = (FloatVector) row.convertShape(VectorOperators.B2F, SPECIES, 1);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x2 + step));
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x3 + step));
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + cStride, ORDER);
    h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
  }
}
