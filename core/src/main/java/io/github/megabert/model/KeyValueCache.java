// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Keys and values of the tokens that a decoder has seen, so that a step computes only the new ones.
 *
 * <p>One matrix {@code [sequences × capacity, 2 × hidden]} a layer: keys, then values. Sequence
 * {@code b} has the rows from {@code b × capacity}. Belongs to one generation; not thread-safe.
 */
public final class KeyValueCache implements AutoCloseable {
  private final Backend backend;
  private final int hidden;
  private final int capacity;
  private final int maxSequences;
  private int[] lengths;
  private final Map<Integer, ResidentMatrix> layers = new TreeMap<>();

  /**
   * @param indices of the layers that are computed here: all, but for a pipeline's stages
   */
  KeyValueCache(Backend backend, IntStream indices, int hidden, int sequences, int capacity) {
    this.backend = backend;
    this.hidden = hidden;
    this.capacity = capacity;
    maxSequences = sequences;
    lengths = new int[sequences];
    int rows = Math.multiplyExact(sequences, capacity);
    indices.forEach(index -> layers.put(index, backend.resident(rows, 2 * hidden)));
  }

  /** Number of sequences now. */
  public int sequences() {
    return lengths.length;
  }

  /** Tokens that a sequence can have. */
  public int capacity() {
    return capacity;
  }

  /** Tokens that sequence {@code b} has. */
  public int length(int b) {
    return lengths[b];
  }

  /** Forgets the tokens of every sequence beyond the first {@code length}. */
  public void truncate(int length) {
    for (int b = 0; b < lengths.length; b++) {
      lengths[b] = Math.min(lengths[b], length);
    }
  }

  Matrix layer(int index) {
    ResidentMatrix layer = layers.get(index);
    return layer == null ? new Elsewhere(maxSequences * capacity, 2 * hidden) : layer;
  }

  /**
   * Rows for the next {@code counts[b]} tokens of every sequence, in the order of a packed batch.
   */
  int[] rowsForNext(int[] offsets) {
    int[] rows = new int[offsets[offsets.length - 1]];
    for (int b = 0; b < lengths.length; b++) {
      int count = offsets[b + 1] - offsets[b];
      if (lengths[b] + count > capacity) {
        throw new IllegalArgumentException(
            "sequence "
                + b
                + " would have "
                + (lengths[b] + count)
                + " tokens, the key-value cache has room for "
                + capacity);
      }
      for (int i = 0; i < count; i++) {
        rows[offsets[b] + i] = b * capacity + lengths[b] + i;
      }
    }
    return rows;
  }

  void advance(int[] offsets) {
    for (int b = 0; b < lengths.length; b++) {
      lengths[b] += offsets[b + 1] - offsets[b];
    }
  }

  /**
   * Makes sequence {@code b} continue what sequence {@code parents[b]} has; there are then {@code
   * parents.length} sequences. Beams and ended sequences need this.
   *
   * @throws IllegalArgumentException if these are more sequences than the cache was made for
   */
  public void select(int[] parents) {
    if (parents.length > maxSequences) {
      throw new IllegalArgumentException(
          parents.length + " sequences, the key-value cache has room for " + maxSequences);
    }
    int[] selected = new int[parents.length];
    int rows = 0;
    for (int b = 0; b < parents.length; b++) {
      selected[b] = lengths[parents[b]];
      rows += parents[b] == b ? 0 : selected[b];
    }
    lengths = selected;
    if (rows > 0) {
      copyRows(parents, rows);
    }
  }

  private void copyRows(int[] parents, int rows) {
    int[] from = new int[rows];
    int[] to = new int[rows];
    int row = 0;
    for (int b = 0; b < parents.length; b++) {
      for (int i = 0; parents[b] != b && i < lengths[b]; i++) {
        from[row] = parents[b] * capacity + i;
        to[row++] = b * capacity + i;
      }
    }
    try (Computation computation = backend.begin()) {
      Matrix copy = computation.matrix(rows, 2 * hidden);
      for (ResidentMatrix layer : layers.values()) {
        computation.gatherRows(layer, from, copy);
        computation.scatterRows(copy, 0, to, layer);
      }
      computation.finish();
    }
  }

  @Override
  public void close() {
    for (ResidentMatrix layer : layers.values()) {
      layer.close();
    }
  }
}
