// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterSpec.Kind;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A rank's part of a model under tensor parallelism (Shoeybi et al. 2019, section 3): some of every
 * layer's heads and intermediate channels, and some of the words.
 *
 * @param group the ranks that share the model; null where one has all of it
 * @param dividesTokens whether each also has some of the tokens: sequence parallelism
 */
record TensorRank(@Nullable Communicator group, boolean dividesTokens) {
  static TensorRank of(LoadOptions options) {
    Communicator group = options.tensorParallel();
    return new TensorRank(group, options.sequenceParallel() && group != null && group.size() > 1);
  }

  /** Number of ranks. */
  int size() {
    return group == null ? 1 : group.size();
  }

  /** This rank's number. */
  int rank() {
    return group == null ? 0 : group.rank();
  }

  /**
   * Checks that a model can be divided.
   *
   * @throws IllegalArgumentException if not
   */
  void requireDivides(MegatronBertConfig config) {
    if (config.numAttentionHeads() % size() != 0) {
      throw new IllegalArgumentException(
          "the model's "
              + config.numAttentionHeads()
              + " attention heads cannot be divided among "
              + size()
              + " tensor-parallel ranks; choose a number of ranks that divides them");
    }
  }

  /** How many of some channels, heads or words this rank has: ranks differ by one at most. */
  int share(int all) {
    return (int) Partition.even(all, size()).count(rank());
  }

  /** The first of them. */
  int first(int all) {
    return (int) Partition.even(all, size()).start(rank());
  }

  /** The row of a word in this rank's part of a table; -1 where another rank has it. */
  int ownWord(int word, int vocabulary) {
    int row = word - first(vocabulary);
    return row >= 0 && row < share(vocabulary) ? row : -1;
  }

  /** Whether this rank's part of a parameter stays zero: the first rank adds it. */
  boolean isZero(ParameterSpec spec) {
    return spec.split() == ParameterSpec.Split.FIRST && rank() > 0;
  }

  /** Whether several ranks hold the same numbers, and this is not the first of them. */
  boolean isCopy(ParameterSpec spec) {
    return spec.split() == ParameterSpec.Split.WHOLE && rank() > 0;
  }

  /**
   * Whether ranks have the gradients of their own tokens: of every LayerNorm but that of a head,
   * which all ranks compute.
   */
  boolean isOfTokens(ParameterSpec spec) {
    boolean isNorm = spec.kind() == Kind.NORM_WEIGHT || spec.kind() == Kind.NORM_BIAS;
    return dividesTokens && isNorm && !spec.name().startsWith(ParameterTable.LANGUAGE_MODEL);
  }

  /** A parameter as this rank has it. */
  ParameterSpec part(ParameterSpec whole) {
    if (group == null) {
      return whole;
    }
    long[] extents = whole.shape().toArray();
    switch (whole.split()) {
      case WHOLE, FIRST -> {}
      case ROWS, HEADS, VOCABULARY -> extents[0] = share((int) extents[0]);
      case COLUMNS -> extents[1] = share((int) extents[1]);
    }
    return new ParameterSpec(
        whole.name(), Shape.of(extents), whole.kind(), whole.split(), whole.place());
  }

  /** A parameter's numbers as this rank has them: a view where the rows lie together. */
  Tensor part(ParameterSpec spec, Tensor whole) {
    if (group == null) {
      return whole;
    }
    return switch (spec.split()) {
      case WHOLE -> whole;
      case FIRST ->
          rank() == 0 ? whole : Tensor.allocate(Arena.ofAuto(), whole.dtype(), whole.shape());
      case ROWS, HEADS, VOCABULARY -> {
        int rows = whole.shape().intExtent(0);
        yield whole.rows(first(rows), first(rows) + share(rows));
      }
      case COLUMNS -> columns(whole);
    };
  }

  private Tensor columns(Tensor whole) {
    long rows = whole.shape().extent(0);
    int columns = whole.shape().intExtent(1);
    Tensor part = Tensor.allocate(Arena.ofAuto(), whole.dtype(), Shape.of(rows, share(columns)));
    long element = whole.byteSize() / whole.elements();
    long bytes = share(columns) * element;
    for (long row = 0; row < rows; row++) {
      long from = (row * columns + first(columns)) * element;
      MemorySegment.copy(whole.segment(), from, part.segment(), row * bytes, bytes);
    }
    return part;
  }

  /**
   * A whole parameter, on the first rank; on others their part or the whole. All ranks call it.
   *
   * @param part what this rank has of it, float32
   */
  Tensor whole(ParameterSpec spec, Tensor part, Arena arena) {
    if (group == null) {
      return part;
    }
    return switch (spec.split()) {
      case WHOLE, FIRST -> part;
      case ROWS, HEADS, VOCABULARY -> {
        long rows = spec.shape().extent(0);
        Partition parts = Partition.evenRows(rows, spec.shape().elements() / rows, size());
        yield gathered(spec, part, parts, arena);
      }
      case COLUMNS -> {
        Shape shape = spec.shape();
        // Columns are gathered as the rows of the transposed matrix's parts, then put side by side.
        Partition parts = Partition.evenRows(shape.extent(1), shape.extent(0), size());
        yield sideBySide(gathered(spec, part, parts, arena), parts, arena);
      }
    };
  }

  private Tensor gathered(ParameterSpec spec, Tensor part, Partition parts, Arena arena) {
    Tensor all = Tensor.allocate(arena, part.dtype(), spec.shape());
    requireNonNull(group).allGather(part.segment(), all.segment(), parts);
    return all;
  }

  private static Tensor sideBySide(Tensor gathered, Partition parts, Arena arena) {
    Tensor whole = Tensor.allocate(arena, gathered.dtype(), gathered.shape());
    long rows = whole.shape().extent(0);
    long rowBytes = whole.byteSize() / rows;
    long column = 0;
    for (int rank = 0; rank < parts.parts(); rank++) {
      long bytes = parts.count(rank) * Float.BYTES / rows;
      for (long row = 0; row < rows; row++) {
        long from = parts.start(rank) * Float.BYTES + row * bytes;
        MemorySegment.copy(
            gathered.segment(), from, whole.segment(), row * rowBytes + column, bytes);
      }
      column += bytes;
    }
    return whole;
  }
}
