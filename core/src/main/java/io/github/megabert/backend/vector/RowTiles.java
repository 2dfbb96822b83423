package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The microkernels of every matrix product: {@code c[r, n] (+)= Σ x[r, k] · panel[k, n]} for 1 to
 * 12 rows r and the two vectors n of a panel, whose rows are contiguous.
 *
 * <p>Every element of c has an accumulator of its own that takes its products in the order of k,
 * one fused multiply-add each. So a result depends neither on the number of rows in the tile nor on
 * the width of the vectors nor on the threads.
 *
 * <p>The methods are written out because C2 keeps an accumulator in a register only where it is a
 * local variable with an initial value of its own: an array of accumulators, or one zero for all of
 * them, costs a factor of ten and an object per step. They are all alike, so this file is long but
 * not rich.
 */
final class RowTiles {
  private RowTiles() {}

  /**
   * One tile.
   *
   * @param rows 1 to 12, at most {@link Lanes#MAX_ROWS} for speed
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param accumulate whether to add to c or to overwrite it
   */
  static void multiply(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    switch (rows) {
      case 1 -> multiply1(depth, x, xOffset, panel, panelOffset, c, cOffset, accumulate);
      case 2 ->
          multiply2(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 3 ->
          multiply3(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 4 ->
          multiply4(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 5 ->
          multiply5(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 6 ->
          multiply6(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 7 ->
          multiply7(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 8 ->
          multiply8(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 9 ->
          multiply9(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 10 ->
          multiply10(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 11 ->
          multiply11(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      case 12 ->
          multiply12(
              depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride, accumulate);
      default -> throw new IllegalArgumentException("a tile of " + rows + " rows");
    }
  }

  private static void multiply1(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply2(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      long step = (long) k * Float.BYTES;
      FloatVector e = FloatVector.broadcast(SPECIES, x.get(FLOAT, xOffset + step));
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x1 + step));
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply3(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply4(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
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
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
    } else {
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

  private static void multiply5(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply6(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply7(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply8(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply9(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
    long x8 = xOffset + 8 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    FloatVector l8 = FloatVector.zero(SPECIES);
    FloatVector h8 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x8 + step));
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply10(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
    long x8 = xOffset + 8 * xStride;
    long x9 = xOffset + 9 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    FloatVector l8 = FloatVector.zero(SPECIES);
    FloatVector h8 = FloatVector.zero(SPECIES);
    FloatVector l9 = FloatVector.zero(SPECIES);
    FloatVector h9 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x8 + step));
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x9 + step));
      l9 = e.fma(low, l9);
      h9 = e.fma(high, h9);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply11(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
    long x8 = xOffset + 8 * xStride;
    long x9 = xOffset + 9 * xStride;
    long x10 = xOffset + 10 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    FloatVector l8 = FloatVector.zero(SPECIES);
    FloatVector h8 = FloatVector.zero(SPECIES);
    FloatVector l9 = FloatVector.zero(SPECIES);
    FloatVector h9 = FloatVector.zero(SPECIES);
    FloatVector l10 = FloatVector.zero(SPECIES);
    FloatVector h10 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x8 + step));
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x9 + step));
      l9 = e.fma(low, l9);
      h9 = e.fma(high, h9);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x10 + step));
      l10 = e.fma(low, l10);
      h10 = e.fma(high, h10);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
      l10.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 10 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 10 * cStride, ORDER);
      h10.add(
              FloatVector.fromMemorySegment(
                  SPECIES, c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
      l10.intoMemorySegment(c, cOffset + 10 * cStride, ORDER);
      h10.intoMemorySegment(c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER);
    }
  }

  private static void multiply12(
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      boolean accumulate) {
    long x1 = xOffset + xStride;
    long x2 = xOffset + 2 * xStride;
    long x3 = xOffset + 3 * xStride;
    long x4 = xOffset + 4 * xStride;
    long x5 = xOffset + 5 * xStride;
    long x6 = xOffset + 6 * xStride;
    long x7 = xOffset + 7 * xStride;
    long x8 = xOffset + 8 * xStride;
    long x9 = xOffset + 9 * xStride;
    long x10 = xOffset + 10 * xStride;
    long x11 = xOffset + 11 * xStride;
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    FloatVector l4 = FloatVector.zero(SPECIES);
    FloatVector h4 = FloatVector.zero(SPECIES);
    FloatVector l5 = FloatVector.zero(SPECIES);
    FloatVector h5 = FloatVector.zero(SPECIES);
    FloatVector l6 = FloatVector.zero(SPECIES);
    FloatVector h6 = FloatVector.zero(SPECIES);
    FloatVector l7 = FloatVector.zero(SPECIES);
    FloatVector h7 = FloatVector.zero(SPECIES);
    FloatVector l8 = FloatVector.zero(SPECIES);
    FloatVector h8 = FloatVector.zero(SPECIES);
    FloatVector l9 = FloatVector.zero(SPECIES);
    FloatVector h9 = FloatVector.zero(SPECIES);
    FloatVector l10 = FloatVector.zero(SPECIES);
    FloatVector h10 = FloatVector.zero(SPECIES);
    FloatVector l11 = FloatVector.zero(SPECIES);
    FloatVector h11 = FloatVector.zero(SPECIES);
    for (int k = 0; k < depth; k++) {
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
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
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x4 + step));
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x5 + step));
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x6 + step));
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x7 + step));
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x8 + step));
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x9 + step));
      l9 = e.fma(low, l9);
      h9 = e.fma(high, h9);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x10 + step));
      l10 = e.fma(low, l10);
      h10 = e.fma(high, h10);
      e = FloatVector.broadcast(SPECIES, x.get(FLOAT, x11 + step));
      l11 = e.fma(low, l11);
      h11 = e.fma(high, h11);
    }
    if (accumulate) {
      l0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset, ORDER))
          .intoMemorySegment(c, cOffset, ORDER);
      h0.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride, ORDER))
          .intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
      l10.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 10 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 10 * cStride, ORDER);
      h10.add(
              FloatVector.fromMemorySegment(
                  SPECIES, c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER);
      l11.add(FloatVector.fromMemorySegment(SPECIES, c, cOffset + 11 * cStride, ORDER))
          .intoMemorySegment(c, cOffset + 11 * cStride, ORDER);
      h11.add(
              FloatVector.fromMemorySegment(
                  SPECIES, c, cOffset + 11 * cStride + VECTOR_BYTES, ORDER))
          .intoMemorySegment(c, cOffset + 11 * cStride + VECTOR_BYTES, ORDER);
    } else {
      l0.intoMemorySegment(c, cOffset, ORDER);
      h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
      l1.intoMemorySegment(c, cOffset + cStride, ORDER);
      h1.intoMemorySegment(c, cOffset + cStride + VECTOR_BYTES, ORDER);
      l2.intoMemorySegment(c, cOffset + 2 * cStride, ORDER);
      h2.intoMemorySegment(c, cOffset + 2 * cStride + VECTOR_BYTES, ORDER);
      l3.intoMemorySegment(c, cOffset + 3 * cStride, ORDER);
      h3.intoMemorySegment(c, cOffset + 3 * cStride + VECTOR_BYTES, ORDER);
      l4.intoMemorySegment(c, cOffset + 4 * cStride, ORDER);
      h4.intoMemorySegment(c, cOffset + 4 * cStride + VECTOR_BYTES, ORDER);
      l5.intoMemorySegment(c, cOffset + 5 * cStride, ORDER);
      h5.intoMemorySegment(c, cOffset + 5 * cStride + VECTOR_BYTES, ORDER);
      l6.intoMemorySegment(c, cOffset + 6 * cStride, ORDER);
      h6.intoMemorySegment(c, cOffset + 6 * cStride + VECTOR_BYTES, ORDER);
      l7.intoMemorySegment(c, cOffset + 7 * cStride, ORDER);
      h7.intoMemorySegment(c, cOffset + 7 * cStride + VECTOR_BYTES, ORDER);
      l8.intoMemorySegment(c, cOffset + 8 * cStride, ORDER);
      h8.intoMemorySegment(c, cOffset + 8 * cStride + VECTOR_BYTES, ORDER);
      l9.intoMemorySegment(c, cOffset + 9 * cStride, ORDER);
      h9.intoMemorySegment(c, cOffset + 9 * cStride + VECTOR_BYTES, ORDER);
      l10.intoMemorySegment(c, cOffset + 10 * cStride, ORDER);
      h10.intoMemorySegment(c, cOffset + 10 * cStride + VECTOR_BYTES, ORDER);
      l11.intoMemorySegment(c, cOffset + 11 * cStride, ORDER);
      h11.intoMemorySegment(c, cOffset + 11 * cStride + VECTOR_BYTES, ORDER);
    }
  }
}
