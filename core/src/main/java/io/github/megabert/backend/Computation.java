// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One pass: a sequence of operations on matrices, then reads of the results.
 *
 * <p>A backend may carry out an operation when it is called or when a result is read. Arrays passed
 * in must not change before the computation is closed. Outputs are written whole; an output may be
 * one of the inputs only where the operation says so. A wrong shape throws {@link
 * IllegalArgumentException}. Where a backend reads weights as they lie in a mapped file, and that
 * was cut short, an operation throws {@link io.github.megabert.tensor.FileChangedException}. A
 * computation belongs to one thread.
 */
public interface Computation extends AutoCloseable {
  /** What a backend says that computes on one rank alone. */
  String NO_RANKS =
      "this backend does not divide work among ranks in this way; use vector or scalar";

  /** A scratch matrix of undefined contents, freed when the computation is closed. */
  Matrix matrix(int rows, int columns);

  /**
   * A scratch matrix with the numbers of a tensor {@code [rows, columns]} of a floating-point
   * dtype.
   */
  Matrix upload(Tensor values);

  /**
   * Copies a matrix, row-major float32, into {@code destination}, of {@code 4 × rows × columns}
   * bytes.
   */
  void read(Matrix matrix, MemorySegment destination);

  /**
   * The sum of three embeddings: {@code out[t] = words[tokenIds[t]] + types[typeIds[t]] +
   * positions[positionIds[t]]}. Without {@code tokenIds} the word part is what {@code out} holds
   * already; of a negative token id it is zero. Other ids are in range: the caller has checked
   * them.
   *
   * @param out {@code [tokens, hidden]}
   */
  void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      Backend.Parameter words,
      Backend.Parameter types,
      Backend.Parameter positions,
      Matrix out);

  /**
   * LayerNorm over each row: {@code (x - mean) / √(variance + eps) · weight + bias}, variance
   * without Bessel's correction (Ba et al. 2016; {@code torch.nn.LayerNorm}). {@code out} may be
   * {@code x}.
   */
  void layerNorm(Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out);

  /**
   * {@code out = activation(x·Wᵀ + b) + residual}.
   *
   * @param x {@code [rows, inputs]}
   * @param residual {@code [rows, outputs]} or null; may be {@code out}
   * @param out {@code [rows, outputs]}, not {@code x}
   */
  void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out);

  /** {@code out = activation(x)}, of one shape; {@code out} is not {@code x}. */
  void activate(Activation activation, Matrix x, Matrix out);

  /**
   * Dropout as in training: {@code out = mask ⊙ x / (1 − p) + residual}.
   *
   * @param residual of x's shape, or null; may be {@code out}
   * @param out of x's shape; may be {@code x}
   */
  void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out);

  /**
   * Scaled dot-product attention of every head and sequence (Vaswani et al. 2017, eq. 1): {@code
   * softmax(q·kᵀ/√headDim + mask)·v}.
   *
   * @param queries matrix whose columns {@code queryColumn … + heads × headDim - 1} hold the
   *     queries
   * @param keys likewise, rows as the layout says
   * @param values likewise, rows as for the keys
   * @param dropout on the probabilities, whose positions are those of the flat array that {@code
   *     probabilities} describes; null without
   * @param out {@code [query rows, heads × headDim]}; rows of no sequence stay as they are
   * @param probabilities null, or a matrix of {@link AttentionLayout#probabilityCount} elements in
   *     all, written as {@code [heads, queries, keys]} a sequence, one sequence after the other;
   *     before dropout
   */
  void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      @Nullable Dropout dropout,
      Matrix out,
      @Nullable Matrix probabilities);

  /** Attention without dropout. */
  default void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      Matrix out,
      @Nullable Matrix probabilities) {
    attention(
        layout,
        queries,
        queryColumn,
        keys,
        keyColumn,
        values,
        valueColumn,
        null,
        out,
        probabilities);
  }

  /**
   * {@code out[i] = x[rows[i]]}; {@code out} is {@code [rows.length, columns of x]}, not {@code x}.
   */
  void gatherRows(Matrix x, int[] rows, Matrix out);

  /**
   * Copies columns of every row elsewhere: {@code out[rows[i]] = x[i, column … column + out.columns
   * - 1]}; other rows of {@code out} stay. This appends to a key-value cache.
   */
  void scatterRows(Matrix x, int column, int[] rows, Matrix out);

  /**
   * The cross entropy of a label a row, {@code nll = log Σ exp(x[i]) - x[i, labels[i]]}, and 0
   * where the label is negative (ignored). With smoothing ε of c classes, {@code (1 − ε) · nll +
   * ε/c · Σ (log Σ exp(x[i]) − x[i, j])} ({@code torch.nn.CrossEntropyLoss}).
   *
   * @param smoothing 0 to 1
   * @param out {@code [rows, 1]}
   */
  void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out);

  /** Cross entropy without smoothing. */
  default void crossEntropy(Matrix logits, int[] labels, Matrix out) {
    crossEntropy(logits, labels, 0, out);
  }

  /**
   * Cross entropy down a column: the classes of segment {@code b} are the rows {@code offsets[b] …
   * offsets[b + 1] − 1} of the column, as of the positions of an answer in a text. 0 where the
   * label is negative.
   *
   * @param labels a row a segment, counted from the segment's first
   * @return {@code [segments, 1]}, a new matrix
   */
  Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels);

  /**
   * {@code out[i] = Σ (x[i] − targets[i])²} over the columns.
   *
   * @return {@code [rows, 1]}, a new matrix
   */
  Matrix squaredError(Matrix x, Matrix targets);

  /**
   * {@code out[i] = − Σ (y · log σ(x) + (1 − y) · log(1 − σ(x)))} over the columns, y being the
   * targets ({@code torch.nn.BCEWithLogitsLoss}).
   *
   * @return {@code [rows, 1]}, a new matrix
   */
  Matrix binaryCrossEntropy(Matrix logits, Matrix targets);

  /**
   * Cross entropy over classes that are divided among ranks: each gets the loss of every row, and
   * none has all logits (Shoeybi et al. 2019, section 3).
   *
   * @param logits of this rank's classes
   * @param labels a class among all a row; 0 is the loss of negative ones
   * @param out {@code [rows, 1]}
   * @return the logarithm of the sum of all classes' exponentials, {@code [rows, 1]}, which the
   *     adjoint needs
   */
  default Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * {@code out = Σ x + residual}, the sum over all ranks of a group, with the same bits on each.
   * Every rank calls it at the same place. Its adjoint hands the gradient on (the g of Shoeybi et
   * al. 2019).
   *
   * @param x of the same shape on every rank; holds the sum afterwards
   * @param residual of x's shape, or null; the same on every rank; may be {@code out}
   * @param out of x's shape; may be {@code x}
   */
  default void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * A matrix that holds the same on every rank, about to be read by parts of a layer: itself, but
   * its gradient is summed over the ranks (the f of Shoeybi et al. 2019).
   */
  default Matrix copyToRanks(Communicator group, Matrix x) {
    return x;
  }

  /**
   * {@code out = Σ x + residual} of this rank's rows: the sum is over all ranks of a group, and
   * each gets its rows of it, in order of rank, numbers of rows differing by one at most. Its
   * adjoint is an all-gather (the ḡ of Korthikanti et al. 2022).
   *
   * @param x of the same shape on every rank; undefined afterwards
   * @param residual of out's shape, or null; may be {@code out}
   * @param out {@code [rows of this rank, columns]}
   */
  default void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Puts the rows of all ranks one behind another. The adjoint for {@link GatheredUse#PARTS} is a
   * reduce-scatter (the g of Korthikanti et al. 2022); a {@link Tape} keeps this rank's rows alone
   * and gathers again when an adjoint reads all.
   *
   * @param x {@code [rows of this rank, columns]}, divided as {@link #reduceScatter} does
   * @param all {@code [rows of all ranks together, columns]}
   */
  default void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Begins to sum a matrix over all ranks of a group, as {@link #allReduce} does, in the
   * background. The matrix must not be read or written before that has ended.
   */
  default Pending startAllReduce(Communicator group, ResidentMatrix x) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /** Likewise; only this rank's rows hold the sum afterwards, as of {@link #reduceScatter}. */
  default Pending startReduceScatter(Communicator group, ResidentMatrix x) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Begins to give all ranks of a group the rows that each has of a matrix, divided as {@link
   * #reduceScatter} does, in the background. The matrix must not be read or written before that has
   * ended.
   */
  default Pending startAllGather(Communicator group, ResidentMatrix x) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Some rows of a matrix, as a matrix: what is written to one is written to the other.
   *
   * @throws UnsupportedOperationException if the backend has no such views
   */
  default Matrix rows(Matrix x, int first, int count) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Puts columns of all ranks side by side, in order of rank.
   *
   * @param x {@code [rows, some columns]}
   * @param all {@code [rows, columns of all ranks together]}
   */
  default void gatherColumns(Communicator group, Matrix x, Matrix all) {
    throw new UnsupportedOperationException(NO_RANKS);
  }

  /**
   * Runs operations that may be forgotten and run again: a {@link Tape} that recomputes keeps what
   * they read, and not what they make on the way. They must give the same results whenever they are
   * run, and nothing but what they write may leave them.
   */
  default void segment(Runnable operations) {
    operations.run();
  }

  /**
   * The adjoints of these operations.
   *
   * @throws UnsupportedOperationException if the backend has none
   */
  Gradients gradients();

  /**
   * Carries out every operation called so far, so that resident matrices hold what was written to
   * them. {@link #read} does the same; a backend that computes at once has nothing to do.
   */
  default void finish() {}

  @Override
  void close();
}
