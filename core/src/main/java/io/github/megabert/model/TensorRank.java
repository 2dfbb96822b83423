package io.github.megabert.model;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.ParameterSpec;
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
 */
record TensorRank(@Nullable Communicator group) {
  /** One rank that has all of a model. */
  static final TensorRank WHOLE = new TensorRank(null);

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
    requireDivides("attention heads", config.numAttentionHeads());
    requireDivides("intermediate channels", config.intermediateSize());
    if (config.vocabSize() < size()) {
      throw new IllegalArgumentException(
          "a vocabulary of " + config.vocabSize() + " cannot be divided among " + size() + " ranks");
    }
  }

  private void requireDivides(String what, int count) {
    if (count % size() != 0) {
      throw new IllegalArgumentException(
          "the model's "
              + count
              + " "
              + what
              + " cannot be divided among "
              + size()
              + " tensor-parallel ranks; choose a number of ranks that divides them");
    }
  }

  /** This rank's share of something that is divided evenly. */
  int share(int all) {
    return all / size();
  }

  /** The first of this rank's words. */
  int firstWord(int vocabulary) {
    return Math.min(vocabulary, rank() * wordsPerRank(vocabulary));
  }

  /** How many words it has; the last ranks have fewer where they do not divide evenly. */
  int words(int vocabulary) {
    return Math.min(vocabulary, (rank() + 1) * wordsPerRank(vocabulary)) - firstWord(vocabulary);
  }

  private int wordsPerRank(int vocabulary) {
    return Math.ceilDiv(vocabulary, size());
  }

  /** Whether this rank's part of a parameter stays zero: the first rank adds it. */
  boolean isZero(ParameterSpec spec) {
    return spec.split() == ParameterSpec.Split.FIRST && rank() > 0;
  }

  /** Whether several ranks hold the same numbers, and this is not the first of them. */
  boolean isCopy(ParameterSpec spec) {
    return spec.split() == ParameterSpec.Split.WHOLE && rank() > 0;
  }

  /** A parameter as this rank has it. */
  ParameterSpec part(ParameterSpec whole) {
    if (group == null) {
      return whole;
    }
    long[] extents = whole.shape().toArray();
    switch (whole.split()) {
      case WHOLE, FIRST -> {}
      case ROWS, HEADS -> extents[0] /= size();
      case COLUMNS -> extents[1] /= size();
      case VOCABULARY -> extents[0] = words((int) extents[0]);
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
          rank() == 0
              ? whole
              : Tensor.allocate(Arena.ofAuto(), whole.dtype(), whole.shape());
      case ROWS, HEADS -> {
        long rows = whole.shape().extent(0) / size();
        yield whole.rows(rank() * rows, (rank() + 1) * rows);
      }
      case COLUMNS -> columns(whole);
      case VOCABULARY -> {
        int vocabulary = whole.shape().intExtent(0);
        long first = firstWord(vocabulary);
        yield whole.rows(first, first + words(vocabulary));
      }
    };
  }

  private Tensor columns(Tensor whole) {
    long rows = whole.shape().extent(0);
    Shape shape = Shape.of(rows, whole.shape().extent(1) / size());
    Tensor part = Tensor.allocate(Arena.ofAuto(), whole.dtype(), shape);
    long bytes = part.byteSize() / rows;
    for (long row = 0; row < rows; row++) {
      long from = (row * size() + rank()) * bytes;
      MemorySegment.copy(whole.segment(), from, part.segment(), row * bytes, bytes);
    }
    return part;
  }
}
