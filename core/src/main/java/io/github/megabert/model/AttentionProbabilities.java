// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
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

  /**
   * Those of all heads; each rank of a group has as many of them, here this one's. All ranks call
   * it.
   */
  AttentionProbabilities ofAllHeads(Communicator group) {
    int ranks = group.size();
    long count = layout.probabilityCount();
    AttentionLayout whole =
        new AttentionLayout(
            layout.heads() * ranks,
            layout.headDim(),
            layout.causal(),
            layout.queryStart(),
            layout.queryLength(),
            layout.keyStart(),
            layout.keyLength(),
            layout.keyMask());
    MemorySegment sorted = MemorySegment.ofArray(new float[Math.toIntExact(count * ranks)]);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment part = arena.allocate(count * Float.BYTES, Float.BYTES);
      MemorySegment all = arena.allocate(count * ranks * Float.BYTES, Float.BYTES);
      part.copyFrom(values.segment());
      group.allGather(part, all, Partition.even(count * ranks, ranks));
      for (int b = 0; b < layout.sequences(); b++) {
        long numbers = (long) layout.heads() * layout.queryLength()[b] * layout.keyLength()[b];
        for (int rank = 0; rank < ranks; rank++) {
          MemorySegment.copy(
              all,
              (rank * count + layout.probabilityOffset(b)) * Float.BYTES,
              sorted,
              (whole.probabilityOffset(b) + rank * numbers) * Float.BYTES,
              numbers * Float.BYTES);
        }
      }
    }
    Shape shape = Shape.of(1, count * ranks);
    return new AttentionProbabilities(Tensor.wrap(sorted, DType.F32, shape), whole);
  }
}
