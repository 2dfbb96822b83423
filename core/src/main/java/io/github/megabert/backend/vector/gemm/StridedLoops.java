// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;
import static io.github.megabert.backend.vector.gemm.NarrowWeights.UPPER;
import static io.github.megabert.backend.vector.gemm.NarrowWeights.WORDS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The loops of {@link StridedTiles}. They are written out for the reasons given in {@link
 * RowTiles}, and serve panels of float32 and of bfloat16 alike: C2 makes two loops of one with a
 * condition that does not change, each as fast as if it stood alone.
 */
final class StridedLoops {
  /** Bytes of a row of the result. */
  private static final long ROW_BYTES = PANEL_BYTES;

  /** Floats from a row to the next. */
  private static final int NEXT = StridedRows.DISTANCE;

  private StridedLoops() {}

  /**
   * A high tile.
   *
   * @param isNarrow whether the panel is of bfloat16, laid out as {@link NarrowWeights} says
   * @param rows {@link StridedRows strided} rows, the first from {@code rowsOffset} on
   * @param ahead what is read ahead, from {@code aheadOffset} on
   * @param aheadStep bytes to move on there for each k
   * @param c {@code [HIGH, PANEL]}, overwritten
   * @return a number without meaning, for which the loads ahead are kept
   */
  static long high(
      boolean isNarrow,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    return StridedTiles.HIGH == 12
        ? multiply12(
            isNarrow,
            depth,
            rows,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadStep,
            c,
            cOffset)
        : multiply4(
            isNarrow,
            depth,
            rows,
            rowsOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadStep,
            c,
            cOffset);
  }

  /**
   * A low tile.
   *
   * @param isNarrow whether the panel is of bfloat16
   * @param rows {@link StridedRows strided} rows, the first from {@code rowsOffset} on
   * @param ahead what is read ahead, from {@code aheadOffset} and from {@code aheadHalf} bytes
   *     behind it on
   * @param aheadStep bytes to move on in both places for each k
   * @param c {@code [LOW, PANEL]}, overwritten
   * @return a number without meaning, for which the loads ahead are kept
   */
  static long low(
      boolean isNarrow,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadHalf,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    return multiply8(
        isNarrow,
        depth,
        rows,
        rowsOffset,
        panel,
        panelOffset,
        ahead,
        aheadOffset,
        aheadHalf,
        aheadStep,
        c,
        cOffset);
  }

  private static long multiply12(
      boolean isNarrow,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
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
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      touched += ahead.get(ValueLayout.JAVA_BYTE, aheadOffset + k * aheadStep);
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
      e = FloatVector.broadcast(SPECIES, rows[row + 4 * NEXT]);
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, rows[row + 5 * NEXT]);
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, rows[row + 6 * NEXT]);
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, rows[row + 7 * NEXT]);
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
      e = FloatVector.broadcast(SPECIES, rows[row + 8 * NEXT]);
      l8 = e.fma(low, l8);
      h8 = e.fma(high, h8);
      e = FloatVector.broadcast(SPECIES, rows[row + 9 * NEXT]);
      l9 = e.fma(low, l9);
      h9 = e.fma(high, h9);
      e = FloatVector.broadcast(SPECIES, rows[row + 10 * NEXT]);
      l10 = e.fma(low, l10);
      h10 = e.fma(high, h10);
      e = FloatVector.broadcast(SPECIES, rows[row + 11 * NEXT]);
      l11 = e.fma(low, l11);
      h11 = e.fma(high, h11);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES, ORDER);
    h7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l8.intoMemorySegment(c, cOffset + 8 * ROW_BYTES, ORDER);
    h8.intoMemorySegment(c, cOffset + 8 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l9.intoMemorySegment(c, cOffset + 9 * ROW_BYTES, ORDER);
    h9.intoMemorySegment(c, cOffset + 9 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l10.intoMemorySegment(c, cOffset + 10 * ROW_BYTES, ORDER);
    h10.intoMemorySegment(c, cOffset + 10 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l11.intoMemorySegment(c, cOffset + 11 * ROW_BYTES, ORDER);
    h11.intoMemorySegment(c, cOffset + 11 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }

  private static long multiply8(
      boolean isNarrow,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadHalf,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
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
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      long next = aheadOffset + k * aheadStep;
      touched += ahead.get(ValueLayout.JAVA_BYTE, next);
      touched += ahead.get(ValueLayout.JAVA_BYTE, next + aheadHalf);
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
      e = FloatVector.broadcast(SPECIES, rows[row + 4 * NEXT]);
      l4 = e.fma(low, l4);
      h4 = e.fma(high, h4);
      e = FloatVector.broadcast(SPECIES, rows[row + 5 * NEXT]);
      l5 = e.fma(low, l5);
      h5 = e.fma(high, h5);
      e = FloatVector.broadcast(SPECIES, rows[row + 6 * NEXT]);
      l6 = e.fma(low, l6);
      h6 = e.fma(high, h6);
      e = FloatVector.broadcast(SPECIES, rows[row + 7 * NEXT]);
      l7 = e.fma(low, l7);
      h7 = e.fma(high, h7);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES, ORDER);
    h4.intoMemorySegment(c, cOffset + 4 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES, ORDER);
    h5.intoMemorySegment(c, cOffset + 5 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES, ORDER);
    h6.intoMemorySegment(c, cOffset + 6 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES, ORDER);
    h7.intoMemorySegment(c, cOffset + 7 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }

  private static long multiply4(
      boolean isNarrow,
      int depth,
      float[] rows,
      int rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadStep,
      MemorySegment c,
      long cOffset) {
    FloatVector l0 = FloatVector.zero(SPECIES);
    FloatVector h0 = FloatVector.zero(SPECIES);
    FloatVector l1 = FloatVector.zero(SPECIES);
    FloatVector h1 = FloatVector.zero(SPECIES);
    FloatVector l2 = FloatVector.zero(SPECIES);
    FloatVector h2 = FloatVector.zero(SPECIES);
    FloatVector l3 = FloatVector.zero(SPECIES);
    FloatVector h3 = FloatVector.zero(SPECIES);
    long touched = 0;
    for (int k = 0; k < depth; k++) {
      touched += ahead.get(ValueLayout.JAVA_BYTE, aheadOffset + k * aheadStep);
      FloatVector low;
      FloatVector high;
      if (isNarrow) {
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        high = both.and(UPPER).reinterpretAsFloats();
      } else {
        long at = panelOffset + (long) k * PANEL_BYTES;
        low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
        high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      }
      int row = rowsOffset + k;
      FloatVector e = FloatVector.broadcast(SPECIES, rows[row]);
      l0 = e.fma(low, l0);
      h0 = e.fma(high, h0);
      e = FloatVector.broadcast(SPECIES, rows[row + NEXT]);
      l1 = e.fma(low, l1);
      h1 = e.fma(high, h1);
      e = FloatVector.broadcast(SPECIES, rows[row + 2 * NEXT]);
      l2 = e.fma(low, l2);
      h2 = e.fma(high, h2);
      e = FloatVector.broadcast(SPECIES, rows[row + 3 * NEXT]);
      l3 = e.fma(low, l3);
      h3 = e.fma(high, h3);
    }
    l0.intoMemorySegment(c, cOffset, ORDER);
    h0.intoMemorySegment(c, cOffset + VECTOR_BYTES, ORDER);
    l1.intoMemorySegment(c, cOffset + ROW_BYTES, ORDER);
    h1.intoMemorySegment(c, cOffset + ROW_BYTES + VECTOR_BYTES, ORDER);
    l2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES, ORDER);
    h2.intoMemorySegment(c, cOffset + 2 * ROW_BYTES + VECTOR_BYTES, ORDER);
    l3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES, ORDER);
    h3.intoMemorySegment(c, cOffset + 3 * ROW_BYTES + VECTOR_BYTES, ORDER);
    return touched;
  }
}
