// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;

/**
 * Documents of a corpus, one after the other.
 *
 * @param from the first
 * @param to the end, which is not in it
 */
public record DocumentRange(int from, int to) {
  /**
   * Checks the order.
   *
   * @throws IllegalArgumentException if there is no document in it
   */
  public DocumentRange {
    if (from < 0 || to <= from) {
      throw new IllegalArgumentException(
          "the documents " + from + " to " + to + " are none; the end must be above the beginning");
    }
  }

  /** All of a corpus. */
  public static DocumentRange all(IndexedDataset data) throws TrainingDataException {
    if (data.documents() == 0) {
      throw new TrainingDataException(
          IndexedDataset.indexFile(data.prefix()), "has no document in it");
    }
    return new DocumentRange(0, data.documents());
  }

  /** Number of documents. */
  public int size() {
    return to - from;
  }

  void requireWithin(IndexedDataset data) throws TrainingDataException {
    if (to > data.documents()) {
      throw new TrainingDataException(
          IndexedDataset.indexFile(data.prefix()),
          "has " + data.documents() + " documents; those up to " + to + " were asked for");
    }
  }
}
