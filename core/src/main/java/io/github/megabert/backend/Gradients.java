// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The adjoints of {@link Computation}'s operations, and what an optimizer does with gradients.
 *
 * <p>{@code dX} stands for the derivative of the loss with respect to {@code X}. Where an operation
 * says that it adds, the result is added to what the matrix holds; sums over rows have a fixed
 * order that does not depend on the number of threads, so results are the same to the bit. A
 * parameter's gradient that is not wanted is null. Linear layers and parameters are those of {@link
 * Backend#linear(ResidentMatrix, ResidentMatrix)} and {@link Backend#parameter(ResidentMatrix)}.
 */
public interface Gradients {
  /**
   * In what a {@link Tape} keeps the forward pass: F32, or BF16, where it rounds what each
   * operation has written. It is the backend's precision.
   */
  Precision precision();

  /** Rounds every number to the nearest bfloat16, ties to even. */
  void round(Matrix x);

  /**
   * Stores bfloat16 numbers in half the memory: {@code halves[r, c]} holds the bits of {@code x[r,
   * c]} and, above them, of {@code x[r + ⌈rows/2⌉, c]}.
   *
   * @param x {@code [rows, columns]}, rounded
   * @param halves {@code [⌈rows/2⌉, columns]} words of 32 bits
   */
  void pack(Matrix x, Matrix halves);

  /** The other way: writes the numbers that {@link #pack} stored. */
  void unpack(Matrix halves, Matrix x);

  /** {@code x = 0}. */
  void clear(Matrix x);

  /** Nobody will read what {@code x} holds before it is written again, as a whole. */
  default void discard(Matrix x) {}

  /** {@code sum += x}, of one shape. */
  void add(Matrix x, Matrix sum);

  /**
   * The adjoint of {@link Computation#linear} for its input: {@code dX = dOut·W}.
   *
   * @param dOut {@code [rows, outputs]}
   * @param add whether to add to {@code dX}
   * @param dX {@code [rows, inputs]}
   */
  void linearInput(Matrix dOut, Backend.Linear linear, boolean add, Matrix dX);

  /**
   * The adjoint of {@link Computation#linear} for its parameters; adds {@code dOutᵀ·x} and the sum
   * of dOut's rows.
   *
   * @param dOut {@code [rows, outputs]}
   * @param x {@code [rows, inputs]}
   * @param dWeight {@code [outputs, inputs]}
   * @param dBias as many numbers as outputs
   */
  void linearParameters(Matrix dOut, Matrix x, @Nullable Matrix dWeight, @Nullable Matrix dBias);

  /** {@code dX = dOut ⊙ activation′(x)}, of one shape; {@code dX} may be {@code dOut}. */
  void activation(Activation activation, Matrix x, Matrix dOut, Matrix dX);

  /**
   * The adjoint of {@link Computation#layerNorm}; the mean and the variance are computed again.
   *
   * @param x what was normalised
   * @param add whether to add to {@code dX}
   * @param dX of x's shape, or null if it is not wanted
   * @param dWeight a number a column; added to
   * @param dBias likewise
   */
  void layerNorm(
      Matrix x,
      Backend.Parameter weight,
      float eps,
      Matrix dOut,
      boolean add,
      @Nullable Matrix dX,
      @Nullable Matrix dWeight,
      @Nullable Matrix dBias);

  /**
   * The adjoint of {@link Computation#attention}; the probabilities are computed again (Dao et al.
   * 2022, algorithm 4). Adds to all three.
   *
   * @param out what attention gave
   * @param dOut of its shape
   * @param dQueries of the queries' shape, the same columns; likewise the other two. One matrix may
   *     serve for all three, at different columns
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
      Matrix dOut,
      Matrix dQueries,
      Matrix dKeys,
      Matrix dValues);

  /**
   * The adjoint of {@link Computation#embed}: adds each row of {@code dOut} to the rows that it was
   * made of, in the order of tokens.
   *
   * @param tokenIds null if there were none; a negative one had no row
   * @param paddingId the token whose row stays as it is, or -1
   */
  void embed(
      int @Nullable [] tokenIds,
      int paddingId,
      int[] typeIds,
      int[] positionIds,
      Matrix dOut,
      @Nullable Matrix dWords,
      @Nullable Matrix dTypes,
      @Nullable Matrix dPositions);

  /** The adjoint of {@link Computation#gatherRows}: {@code dX[rows[i]] += dOut[i]}. */
  void gatherRows(Matrix dOut, int[] rows, Matrix dX);

  /** The adjoint of {@link Computation#dropout}; {@code dX} may be {@code dOut}. */
  void dropout(Dropout dropout, Matrix dOut, Matrix dX);

  /**
   * The adjoint of {@link Computation#crossEntropy}; rows without a label become zeros.
   *
   * @param dOut {@code [rows, 1]}
   * @param dLogits of the logits' shape; may be the logits
   */
  void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix dOut, Matrix dLogits);

  /**
   * The adjoint of cross entropy over divided classes, for this rank's; rows without a label become
   * zeros.
   *
   * @param totals what the operation returned
   * @param dOut {@code [rows, 1]}
   * @param dLogits of the logits' shape; may be the logits
   */
  default void crossEntropy(
      ClassShare share,
      Matrix logits,
      int[] labels,
      float smoothing,
      Matrix totals,
      Matrix dOut,
      Matrix dLogits) {
    throw new UnsupportedOperationException(Computation.NO_RANKS);
  }

  /**
   * The adjoint of {@link Computation#columnCrossEntropy}; adds.
   *
   * @param dOut {@code [segments, 1]}
   */
  void columnCrossEntropy(
      Matrix logits, int column, int[] offsets, int[] labels, Matrix dOut, Matrix dLogits);

  /** The adjoint of {@link Computation#squaredError} for {@code x}; {@code dX} may be x. */
  void squaredError(Matrix x, Matrix targets, Matrix dOut, Matrix dX);

  /** The adjoint of {@link Computation#binaryCrossEntropy}; {@code dLogits} may be the logits. */
  void binaryCrossEntropy(Matrix logits, Matrix targets, Matrix dOut, Matrix dLogits);

  /** The sum of the squares of {@code rows} rows from {@code firstRow} on, in double precision. */
  double squaredNorm(Matrix x, int firstRow, int rows);

  /** Some rows of a matrix. */
  record Rows(Matrix matrix, int first, int count) {}

  /** The sum of {@link #squaredNorm} over several parts; a device is waited for once. */
  default double squaredNorm(List<Rows> parts) {
    double sum = 0;
    for (Rows part : parts) {
      sum += squaredNorm(part.matrix, part.first, part.count);
    }
    return sum;
  }

  /**
   * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2, as {@code torch.optim.AdamW}
   * computes it) on {@code rows} rows from {@code firstRow} on: with {@code g = gradientScale ·
   * gradient}, {@code m = β₁m + (1 − β₁)g}, {@code v = β₂v + (1 − β₂)g²}, {@code value = value · (1
   * − rate · decay) − rate · m̂ / (√v̂ + eps)}.
   *
   * @param firstMoment m, of the value's shape
   * @param secondMoment v
   */
  void adamW(
      AdamWStep step,
      Matrix value,
      Matrix gradient,
      Matrix firstMoment,
      Matrix secondMoment,
      int firstRow,
      int rows);

  /** The arguments of {@link #adamW}. */
  record Update(
      AdamWStep step,
      Matrix value,
      Matrix gradient,
      Matrix firstMoment,
      Matrix secondMoment,
      int firstRow,
      int rows) {
    /** The same with another gradient scale. */
    public Update scaled(double scale) {
      return new Update(
          step.scaled(scale), value, gradient, firstMoment, secondMoment, firstRow, rows);
    }
  }

  /** Several updates, of different numbers; a device starts fewer kernels for them together. */
  default void adamW(List<Update> updates) {
    for (Update update : updates) {
      adamW(
          update.step,
          update.value,
          update.gradient,
          update.firstMoment,
          update.secondMoment,
          update.firstRow,
          update.rows);
    }
  }

  /**
   * Updates with gradients that are clipped by their common norm, as {@code
   * torch.nn.utils.clip_grad_norm_} does; a device does not wait for the host to see the norm.
   *
   * @param parts all gradients
   * @param largest the norm that is left as it is, 0 for any
   * @param updates with a gradient scale of 1
   * @return the norm; where it is not finite nothing has been updated
   */
  default double clippedAdamW(List<Rows> parts, double largest, List<Update> updates) {
    double norm = Math.sqrt(squaredNorm(parts));
    if (Double.isFinite(norm)) {
      double factor = AdamWStep.clipFactor(norm, largest);
      adamW(updates.stream().map(update -> update.scaled(factor)).toList());
    }
    return norm;
  }
}
