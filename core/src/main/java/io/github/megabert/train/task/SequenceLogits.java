// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.task.Batching;
import io.github.megabert.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** What a model makes of each sequence of a data set, computed in batches of like lengths. */
final class SequenceLogits {
  private SequenceLogits() {}

  /**
   * A row a sequence.
   *
   * @param logits of a batch, {@code [sequences, classes]}
   */
  static List<float[]> of(EncodedSequences sequences, Function<Batch, Tensor> logits) {
    return Batching.DEFAULT.apply(
        IntStream.range(0, sequences.size()).boxed().toList(),
        sequences::length,
        some -> {
          int[] indices = some.stream().mapToInt(i -> i).toArray();
          return rows(logits.apply(sequences.batch(indices)));
        });
  }

  /** The rows of a matrix. */
  static List<float[]> rows(Tensor matrix) {
    List<float[]> rows = new ArrayList<>();
    for (int i = 0; i < matrix.shape().intExtent(0); i++) {
      rows.add(matrix.rows(i, i + 1).toFloatArray());
    }
    return rows;
  }
}
