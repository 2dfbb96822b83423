// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.vector.gemm.StridedTiles;

/** Where the parts of one task's scratch memory of {@link AttentionAdjoint} begin, in bytes. */
final class AdjointMemory {
  private long bytes;
  private long queries;
  private long scores;
  private long dScores;
  private long queryRows;
  private long queryPanels;
  private long dKeys;
  private long dValues;
  private long part;
  private long statistics;
  private long mask;
  private long kept;
  private long bits;

  /**
   * Lays out the parts.
   *
   * @param keys keys of the longest sequence
   * @param block queries of the largest block
   */
  void lay(int keys, int headDim, int block) {
    int panels = Math.ceilDiv(headDim, PANEL);
    // Tiles write some rows behind the last one.
    int more = StridedTiles.LOW;
    bytes = 0;
    queries = take(headDim + more);
    scores = take(keys + more);
    dScores = take(keys + more);
    queryRows = take(headDim);
    queryPanels = take(panels * block);
    dKeys = take(panels * keys);
    dValues = take(panels * keys);
    part = take(RowGroups.HEIGHT + more);
    statistics = take(3);
    int words = Math.ceilDiv(keys, Integer.SIZE) * Integer.SIZE;
    mask = take(Math.ceilDiv(words, PANEL));
    kept = take(Math.ceilDiv(words, PANEL));
    bits = take(KeptColumns.rows(keys));
  }

  private long take(int rows) {
    long at = bytes;
    bytes += (long) rows * PANEL_BYTES;
    return at;
  }

  /** Bytes of all parts. */
  long bytes() {
    return bytes;
  }

  /** A panel of transposed queries, {@code [headDim, PANEL]}, or of dO, or of dQ. */
  long queries() {
    return queries;
  }

  /** {@code [keys, PANEL]}: scores, then the terms of softmax. */
  long scores() {
    return scores;
  }

  /** {@code [keys, PANEL]}: dW, then dS. */
  long dScores() {
    return dScores;
  }

  /** {@code [PANEL, headDim]}: dQ. */
  long queryRows() {
    return queryRows;
  }

  /** {@code [panel, block, PANEL]}: queries, then dO. */
  long queryPanels() {
    return queryPanels;
  }

  /** {@code [panel, keys, PANEL]}: the sums of dK. */
  long dKeys() {
    return dKeys;
  }

  /** {@code [panel, keys, PANEL]}: the sums of dV. */
  long dValues() {
    return dValues;
  }

  /** A group of rows' share of a product. */
  long part() {
    return part;
  }

  /** {@code [3, PANEL]}, as {@link WeightColumns} says. */
  long statistics() {
    return statistics;
  }

  /** What is added to the scores, a number a key. */
  long mask() {
    return mask;
  }

  /** Which weights dropout keeps, a word a key. */
  long kept() {
    return kept;
  }

  /** The same, some words a query. */
  long bits() {
    return bits;
  }
}
