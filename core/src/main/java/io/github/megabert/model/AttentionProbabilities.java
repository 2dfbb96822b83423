// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The attention probabilities of one layer, for every sequence of a ragged batch.
 *
 * @param values all sequences one after the other, each {@code [heads, queries, keys]}
 * @param layout lengths of the sequences
 */
public record AttentionProbabilities(Tensor values, AttentionLayout layout) {
  /** Probabilities {@code [heads, queries, keys]} of sequence {@code b}. */
  public Tensor sequence(int b) {
    Shape shape = Shape.of(layout.heads(), layout.queryLength()[b], layout.keyLength()[b]);
    MemorySegment part =
        values
            .segment()
            .asSlice(layout.probabilityOffset(b) * Float.BYTES, shape.elements() * Float.BYTES);
    return Tensor.wrap(part, DType.F32, shape);
  }
}
