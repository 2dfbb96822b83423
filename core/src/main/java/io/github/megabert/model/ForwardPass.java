// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * A batch on its way through the layers: the computation, and the matrices that hold what was asked
 * for until it is read.
 */
final class ForwardPass {
  final Computation computation;
  final Batch batch;
  final Regularization regularization;
  private final OutputOptions options;
  private final List<Matrix> hiddenStates = new ArrayList<>();
  private final List<Matrix> attentions = new ArrayList<>();
  private final List<Matrix> crossAttentions = new ArrayList<>();
  private @Nullable AttentionLayout selfLayout;
  private @Nullable AttentionLayout crossLayout;
  private @Nullable ForwardPassEvent event;
  private @Nullable WeightFiles files;
  private @Nullable Communicator headRanks;

  ForwardPass(Computation computation, Batch batch, OutputOptions options) {
    this(computation, batch, options, Regularization.NONE);
  }

  private ForwardPass(
      Computation computation, Batch batch, OutputOptions options, Regularization regularization) {
    this.computation = computation;
    this.batch = batch;
    this.options = options;
    this.regularization = regularization;
    if (FlightRecorder.isInitialized()) {
      event = new ForwardPassEvent();
      event.begin();
    }
  }

  /** A pass of training. */
  static ForwardPass training(Computation computation, Batch batch, Regularization regularization) {
    return new ForwardPass(computation, batch, OutputOptions.NONE, regularization);
  }

  /** Dropout in place; nothing in inference. */
  void drop(@Nullable Dropout dropout, Matrix x) {
    if (dropout != null) {
      computation.dropout(dropout, x, null, x);
    }
  }

  /**
   * Begins to compute with weights.
   *
   * @throws io.github.megabert.tensor.FileChangedException if their files were changed in place
   */
  void readsWeightsOf(WeightFiles weights) {
    weights.requireUnchanged();
    files = weights;
  }

  /** Says which ranks have some of each layer's heads; null if this one has all. */
  void sharesHeads(@Nullable Communicator group) {
    headRanks = group;
  }

  /** Whether attention probabilities are to be returned. */
  boolean wantsAttentions() {
    return options.attentions();
  }

  /** Whether hidden states are to be returned. */
  boolean wantsHiddenStates() {
    return options.hiddenStates();
  }

  /** Keeps what a rank's share of the tokens is a part of. */
  void keepHiddenState(Matrix state, TokenShare share) {
    if (options.hiddenStates()) {
      hiddenStates.add(share.complete(computation, state));
    }
  }

  void keepHiddenState(Matrix state) {
    if (options.hiddenStates()) {
      hiddenStates.add(state);
    }
  }

  /** The matrix of the next hidden state: another one if the present one is to be kept. */
  Matrix nextHiddenState(Matrix present) {
    return options.hiddenStates() ? computation.matrix(present.rows(), present.columns()) : present;
  }

  /** A matrix for the probabilities of a layer's self-attention, if they are wanted. */
  @Nullable Matrix selfProbabilities(AttentionLayout layout) {
    selfLayout = layout;
    return probabilities(layout, attentions);
  }

  /** A matrix for the probabilities of a layer's cross-attention, if they are wanted. */
  @Nullable Matrix crossProbabilities(AttentionLayout layout) {
    crossLayout = layout;
    return probabilities(layout, crossAttentions);
  }

  private @Nullable Matrix probabilities(AttentionLayout layout, List<Matrix> kept) {
    if (!options.attentions()) {
      return null;
    }
    Matrix matrix = computation.matrix(1, Math.toIntExact(layout.probabilityCount()));
    kept.add(matrix);
    return matrix;
  }

  /** Reads what the layers gave. */
  LayerOutputs readLayers() {
    List<Tensor> states = new ArrayList<>();
    for (Matrix state : hiddenStates) {
      states.add(read(state));
    }
    return new LayerOutputs(
        List.copyOf(states),
        readAll(attentions, selfLayout),
        readAll(crossAttentions, crossLayout));
  }

  private List<AttentionProbabilities> readAll(
      List<Matrix> matrices, @Nullable AttentionLayout layout) {
    List<AttentionProbabilities> all = new ArrayList<>();
    for (Matrix matrix : matrices) {
      if (layout != null) {
        AttentionProbabilities here =
            new AttentionProbabilities(read(matrix, matrix.columns()), layout);
        all.add(headRanks == null ? here : here.ofAllHeads(headRanks));
      }
    }
    return List.copyOf(all);
  }

  /** A tensor {@code [0, columns]}, for results that were not asked for. */
  static Tensor empty(int columns) {
    return Tensor.wrap(MemorySegment.ofArray(new float[0]), DType.F32, Shape.of(0, columns));
  }

  /** The numbers of a matrix as {@code [rows, columns]}. */
  Tensor read(Matrix matrix) {
    return read(matrix, matrix.rows(), matrix.columns());
  }

  /** The numbers of a matrix as a float32 tensor on the heap, under a shape of as many elements. */
  Tensor read(Matrix matrix, long... shape) {
    float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
    MemorySegment heap = MemorySegment.ofArray(values);
    computation.read(matrix, heap);
    report();
    if (files != null) {
      // Also of what was written to since the computation began, no result is given.
      files.requireUnchanged();
      files.requireFinite(values);
    }
    return Tensor.wrap(heap, DType.F32, Shape.of(shape));
  }

  /** The first result that is read ends the pass: a backend may compute nothing before. */
  private void report() {
    ForwardPassEvent ended = event;
    if (ended != null) {
      event = null;
      ended.end();
      if (ended.shouldCommit()) {
        ended.rows = batch.tokens();
        ended.sequences = batch.sequences();
        ended.commit();
      }
    }
  }
}
