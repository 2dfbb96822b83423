// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

/** Where a head's scratch memory has what, in bytes: the layout of {@link HeadProgram}. */
record HeadScratch(FloatTiles.Form form, int keys, int headDim) {
  /** Queries whose scores are held at once: whole tiles. */
  static final int BLOCK = 48;

  /** Queries of an operation, at most. */
  static final int MOST_QUERIES = 4 * BLOCK;

  private int panel() {
    return 2 * form.lanes();
  }

  /** Bytes of the calls, at most, from the beginning on. */
  private long callBytes() {
    int keyPanels = Math.ceilDiv(keys, panel());
    int columnPanels = Math.ceilDiv(headDim, panel());
    int panels = keyPanels + columnPanels;
    // A block has three calls and up to two products with each panel.
    int packed = panels + MOST_QUERIES / BLOCK * (3 + 2 * panels);
    return CallList.bytes(Math.max(packed, 2 * BLOCK + 2));
  }

  /** Bytes of a row of scores. */
  long scoreBytes() {
    return Math.ceilDiv(keys, panel()) * form.panelBytes();
  }

  private long columns() {
    return Math.ceilDiv(headDim, panel()) * (long) panel();
  }

  /** Keys, {@code [panel, headDim, panel's columns]}. */
  long keyPanel(int firstKey) {
    return callBytes() + (long) firstKey * headDim * Float.BYTES;
  }

  /** Values, {@code [panel, keys, panel's columns]}. */
  long valuePanel(int firstColumn) {
    return keyPanel(0) + scoreBytes() * headDim + (long) firstColumn * keys * Float.BYTES;
  }

  /** Scores of a block, a panel after the other or a row after the other. */
  long scores() {
    return keyPanel(0) + scoreBytes() * (headDim + columns());
  }

  /** Results of a block, likewise. */
  long results() {
    return scores() + BLOCK * scoreBytes();
  }

  /** The inverse sum of each row of weights. */
  long inverses() {
    return results() + BLOCK * columns() * Float.BYTES;
  }

  /** Query rows of a block. */
  long queryRows() {
    return inverses() + BLOCK * Float.BYTES;
  }

  /** Rows of weights of a block. */
  long weightRows() {
    return queryRows() + BLOCK * distance();
  }

  /** Bytes from a row to the next of both. */
  long distance() {
    return form.distance() * (long) Float.BYTES;
  }

  long bytes() {
    return weightRows() + BLOCK * distance();
  }
}
