package io.github.megabert.backend;

import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One pass: a sequence of operations on matrices, then reads of the results.
 *
 * <p>A backend may carry out an operation when it is called or when a result is read. Arrays passed
 * in must not change before the computation is closed. Outputs are written whole; an output may be
 * one of the inputs only where the operation says so. A wrong shape throws {@link
 * IllegalArgumentException}. A computation belongs to one thread.
 */
public interface Computation extends AutoCloseable {
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
   * already. Ids are in range: the caller has checked them.
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

  /**
   * Scaled dot-product attention of every head and sequence (Vaswani et al. 2017, eq. 1): {@code
   * softmax(q·kᵀ/√headDim + mask)·v}.
   *
   * @param queries matrix whose columns {@code queryColumn … + heads × headDim - 1} hold the
   *     queries
   * @param keys likewise, rows as the layout says
   * @param values likewise, rows as for the keys
   * @param out {@code [query rows, heads × headDim]}; rows of no sequence stay as they are
   * @param probabilities null, or a matrix of {@link AttentionLayout#probabilityCount} elements in
   *     all, written as {@code [heads, queries, keys]} a sequence, one sequence after the other
   */
  void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      Matrix out,
      @Nullable Matrix probabilities);

  /**
   * {@code out[i] = x[rows[i]]}; {@code out} is {@code [rows.length, columns of x]}, not {@code x}.
   */
  void gatherRows(Matrix x, int[] rows, Matrix out);

  /**
   * Copies columns of every row elsewhere: {@code out[rows[i]] = x[i, column … column + out.columns
   * - 1]}; other rows of {@code out} stay. This appends to a key-value cache.
   */
  void scatterRows(Matrix x, int column, int[] rows, Matrix out);

  /** Softmax of each row, in place. */
  void softmax(Matrix x);

  /**
   * The negative log-likelihood of a label a row: {@code out[i] = log Σ exp(x[i]) - x[i,
   * labels[i]]}, and 0 where the label is negative (ignored).
   *
   * @param out {@code [rows, 1]}
   */
  void crossEntropy(Matrix logits, int[] labels, Matrix out);

  /**
   * Carries out every operation called so far, so that resident matrices hold what was written to
   * them. {@link #read} does the same; a backend that computes at once has nothing to do.
   */
  default void finish() {}

  @Override
  void close();
}
