// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;

/** Numbers of a corpus that are no tokens of the vocabulary. */
final class UnknownTokens {
  private UnknownTokens() {}

  /**
   * Refuses the first of them.
   *
   * @param tokens those of the sequence stand from {@code from} to {@code to - 1}
   */
  static void refuse(
      IndexedDataset data, int sequence, int[] tokens, int from, int to, int vocabularySize)
      throws TrainingDataException {
    for (int i = from; i < to; i++) {
      if (tokens[i] < 0 || tokens[i] >= vocabularySize) {
        throw new TrainingDataException(
            IndexedDataset.dataFile(data.prefix()),
            "has "
                + (tokens[i] < 0 ? "a number that is no token id" : "the token id " + tokens[i])
                + " in sequence "
                + sequence
                + ", the vocabulary has "
                + vocabularySize
                + " tokens; was it made with this one?");
      }
    }
  }
}
