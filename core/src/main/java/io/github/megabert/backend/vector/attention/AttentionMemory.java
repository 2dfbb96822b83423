// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import io.github.megabert.backend.vector.Lanes;

/**
 * Where the scratch memory of {@link Attention} has what, in bytes. Scores and results of a block
 * of queries are a panel after the other, of a few queries a row after the other.
 */
final class AttentionMemory {
  private final long values;
  private final long scores;
  private final long results;
  private final long mask;
  private final long sums;
  private final long part;
  private final long lane;
  private final long kept;
  private final long slotBytes;

  /**
   * Lays it out.
   *
   * @param keys of the longest sequence, whole panels
   * @param headDim columns of a head
   * @param headDimPadded the same in whole panels
   * @param least bytes of a slot, at least
   */
  AttentionMemory(int keys, int headDim, int headDimPadded, long least) {
    long column = (long) keys * Float.BYTES;
    values = column * headDim;
    scores = values + column * headDimPadded;
    results = scores + column * Attention.BLOCK;
    mask = results + (long) headDimPadded * Attention.BLOCK * Float.BYTES;
    sums = mask + column;
    part = sums + Attention.BLOCK * Float.BYTES;
    lane = part + Attention.BLOCK_BYTES;
    kept = lane + Lanes.VECTOR_BYTES;
    long end = kept + keys / Byte.SIZE + Integer.BYTES;
    slotBytes = Math.ceilDiv(Math.max(end, least), 64L) * 64;
  }

  /** Where a slot begins, with the panels of keys. */
  long keysAt(int slot) {
    return slot * slotBytes;
  }

  /** Panels of values. */
  long valuesAt(int slot) {
    return keysAt(slot) + values;
  }

  long scoresAt(int slot) {
    return keysAt(slot) + scores;
  }

  long resultsAt(int slot) {
    return keysAt(slot) + results;
  }

  /** What the mask adds to each key's scores. */
  long maskAt(int slot) {
    return keysAt(slot) + mask;
  }

  /** The inverse sum of each query's weights. */
  long sumsAt(int slot) {
    return keysAt(slot) + sums;
  }

  /** A panel of part of a product. */
  long partAt(int slot) {
    return keysAt(slot) + part;
  }

  /** One vector. */
  long laneAt(int slot) {
    return keysAt(slot) + lane;
  }

  /** A query's dropout mask. */
  long keptAt(int slot) {
    return keysAt(slot) + kept;
  }
}
