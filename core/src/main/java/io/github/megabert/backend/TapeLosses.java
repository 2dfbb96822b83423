// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.List;

/** The operations of a {@link Tape} that compute losses, with their adjoints. */
final class TapeLosses {
  private final Computation computation;
  private final Gradients gradients;
  private final TapeRecord record;
  private final TapeMatrices matrices;
  private final TapeBuffers buffers;

  TapeLosses(
      Computation computation, TapeRecord record, TapeMatrices matrices, TapeBuffers buffers) {
    this.computation = computation;
    this.record = record;
    this.matrices = matrices;
    this.buffers = buffers;
    gradients = computation.gradients();
  }

  void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    TapeValue input = matrices.valueOf(logits);
    TapeValue value = record.newValue(out, input.isDifferentiable);
    computation.crossEntropy(input.memory(), labels, smoothing, value.memory());
    record.remember(
        out,
        value,
        List.of(input),
        gradient -> {
          Matrix dLogits = buffers.take(logits.rows(), logits.columns());
          gradients.crossEntropy(input.memory(), labels, smoothing, gradient, dLogits);
          record.giveGradient(input, dLogits);
          buffers.give(gradient);
        });
  }

  Matrix crossEntropy(ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    TapeValue input = matrices.valueOf(logits);
    TapeValue value = record.newValue(out, input.isDifferentiable);
    Matrix sums =
        computation.crossEntropy(share, input.memory(), labels, smoothing, value.memory());
    TapeValue totals = new TapeValue(buffers, sums, false);
    record.remember(
        out,
        value,
        List.of(input, totals),
        gradient -> {
          Matrix dLogits = buffers.take(logits.rows(), logits.columns());
          gradients.crossEntropy(
              share, input.memory(), labels, smoothing, totals.memory(), gradient, dLogits);
          record.giveGradient(input, dLogits);
          buffers.give(gradient);
        });
    Matrix kept = matrices.make(sums.rows(), 1);
    matrices.bind(TapeMatrices.variable(kept), totals);
    return kept;
  }

  /** A matrix of losses that the computation has made. */
  private Matrix finishLosses(
      Matrix losses, boolean isDifferentiable, List<TapeValue> held, TapeRecord.Adjoint adjoint) {
    Matrix out = matrices.make(losses.rows(), losses.columns());
    record.remember(out, new TapeValue(buffers, losses, isDifferentiable), held, adjoint);
    return out;
  }

  Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    TapeValue input = matrices.valueOf(logits);
    Matrix losses = computation.columnCrossEntropy(input.memory(), column, offsets, labels);
    return finishLosses(
        losses,
        input.isDifferentiable,
        List.of(input),
        gradient -> {
          gradients.columnCrossEntropy(
              input.memory(), column, offsets, labels, gradient, record.gradientOf(input));
          buffers.give(gradient);
        });
  }

  Matrix squaredError(Matrix x, Matrix targets) {
    TapeValue input = matrices.valueOf(x);
    TapeValue wanted = matrices.valueOf(targets);
    Matrix losses = computation.squaredError(input.memory(), wanted.memory());
    return finishLosses(
        losses,
        input.isDifferentiable,
        List.of(input, wanted),
        gradient -> {
          Matrix dX = buffers.take(x.rows(), x.columns());
          gradients.squaredError(input.memory(), wanted.memory(), gradient, dX);
          record.giveGradient(input, dX);
          buffers.give(gradient);
        });
  }

  Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    TapeValue input = matrices.valueOf(logits);
    TapeValue wanted = matrices.valueOf(targets);
    Matrix losses = computation.binaryCrossEntropy(input.memory(), wanted.memory());
    return finishLosses(
        losses,
        input.isDifferentiable,
        List.of(input, wanted),
        gradient -> {
          Matrix dLogits = buffers.take(logits.rows(), logits.columns());
          gradients.binaryCrossEntropy(input.memory(), wanted.memory(), gradient, dLogits);
          record.giveGradient(input, dLogits);
          buffers.give(gradient);
        });
  }
}
