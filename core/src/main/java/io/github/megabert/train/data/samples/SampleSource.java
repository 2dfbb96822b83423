// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;

/**
 * Samples by number. The same number gives the same sample. Thread-safe.
 *
 * @param <S> the kind of samples
 */
public interface SampleSource<S> {
  /** Number of samples. */
  int size();

  /** Passes over the documents that all samples together are. */
  double passes();

  /**
   * A sample.
   *
   * @param number 0 to {@code size() - 1}
   * @throws TrainingDataException if the corpus has something that is no token of the vocabulary
   */
  S sample(int number) throws TrainingDataException;
}
