// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.ElementConversion;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Cuts one rank's part out of a parameter. */
final class MegatronSlices {
  private final NamedTensors input;
  private final MegatronPartition partition;
  private final ElementConversion conversion;

  MegatronSlices(NamedTensors input, MegatronPartition partition, ElementConversion conversion) {
    this.input = input;
    this.partition = partition;
    this.conversion = conversion;
  }

  /** What a rank's part will be; the same for every rank. */
  TensorSpec spec(MegatronPartition.Parameter parameter) throws CheckpointException {
    String name = parameter.name();
    long[] extents = input.shape(name).toArray();
    int ranks = partition.tensorParallel();
    switch (parameter.split()) {
      case WHOLE, FIRST -> {}
      case ROWS -> extents[0] /= ranks;
      case COLUMNS -> extents[1] /= ranks;
      case VOCABULARY -> extents[0] = partition.paddedVocabulary() / ranks;
      case HEADS -> {
        for (String other : new String[] {"key", "value"}) {
          if (!input.shape(sibling(name, other)).equals(input.shape(name))
              || input.dtype(sibling(name, other)) != input.dtype(name)) {
            throw new CheckpointException(
                input.source()
                    + ": "
                    + quote(name)
                    + " differs in shape or type from its "
                    + other);
          }
        }
        extents[0] = extents[0] * 3 / ranks;
      }
    }
    return new TensorSpec(name, conversion.of(input.dtype(name)), Shape.of(extents));
  }

  /** A rank's part, in {@code arena} or a view. */
  Tensor read(MegatronPartition.Parameter parameter, TensorSpec spec, int rank, Arena arena)
      throws IOException {
    Tensor whole = input(parameter.name(), arena);
    return switch (parameter.split()) {
      case WHOLE, FIRST -> whole;
      case ROWS -> {
        long rows = spec.shape().extent(0);
        yield whole.rows(rank * rows, (rank + 1) * rows);
      }
      case COLUMNS -> columns(whole, spec, rank, arena);
      case VOCABULARY -> vocabulary(whole, spec, rank, arena);
      case HEADS -> queryKeyValue(parameter.name(), whole, spec, rank, arena);
    };
  }

  private Tensor input(String name, Arena arena) throws IOException {
    return conversion.apply(name, input.tensor(name, arena), arena);
  }

  private static String sibling(String query, String kind) {
    return query.replace("attention.self.query.", "attention.self." + kind + ".");
  }

  private static Tensor columns(Tensor whole, TensorSpec spec, int rank, Arena arena) {
    Tensor part = Tensor.allocate(arena, spec.dtype(), spec.shape());
    long rows = spec.shape().extent(0);
    long partRow = rows == 0 ? 0 : part.byteSize() / rows;
    long wholeRow = rows == 0 ? 0 : whole.byteSize() / rows;
    for (long row = 0; row < rows; row++) {
      MemorySegment.copy(
          whole.segment(), row * wholeRow + rank * partRow, part.segment(), row * partRow, partRow);
    }
    return part;
  }

  private static Tensor vocabulary(Tensor whole, TensorSpec spec, int rank, Arena arena) {
    long rows = spec.shape().extent(0);
    long all = whole.shape().extent(0);
    long from = Math.min(all, rank * rows);
    long to = Math.min(all, (rank + 1) * rows);
    Tensor present = whole.rows(from, to);
    if (to - from == rows) {
      return present;
    }
    Tensor padded = Tensor.allocate(arena, spec.dtype(), spec.shape());
    MemorySegment.copy(present.segment(), 0, padded.segment(), 0, present.byteSize());
    return padded;
  }

  /** Rows in the order {@code [np, 3, hn]} of checkpoint version 3. */
  private Tensor queryKeyValue(String query, Tensor queries, TensorSpec spec, int rank, Arena arena)
      throws IOException {
    Tensor[] kinds = {
      queries, input(sibling(query, "key"), arena), input(sibling(query, "value"), arena)
    };
    Tensor part = Tensor.allocate(arena, spec.dtype(), spec.shape());
    int heads = partition.heads() / partition.tensorParallel();
    long headBytes = queries.byteSize() / partition.heads();
    long at = 0;
    for (int head = 0; head < heads; head++) {
      long from = (long) (rank * heads + head) * headBytes;
      for (Tensor kind : kinds) {
        MemorySegment.copy(kind.segment(), from, part.segment(), at, headBytes);
        at += headBytes;
      }
    }
    return part;
  }

  /** The type of the floating-point parameters, where they share one. */
  DType mainType() {
    return conversion.of(input.dtype(ParameterTable.WORD_EMBEDDINGS));
  }
}
