// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A computation that carries out what belongs to a rank's stages, and skips all else: so a forward
 * pass is written once, and every rank walks through the whole of it. {@link #enter} tells where
 * one stage ends and the next begins. What other stages compute is {@link Elsewhere}.
 */
final class StageComputation implements Computation {
  /** How hidden states come into a stage and leave it. */
  interface Passage {
    /** Whether a stage is computed here. */
    boolean isHere(int stage);

    /** What the stage before {@code stage}, which is here, has sent. */
    Matrix receive(Computation computation, int stage, int rows, int columns);

    /** Sends what {@code stage} reads, computed by the stage before it, which is here. */
    void send(Computation computation, int stage, Matrix hiddenStates);

    /** Tells all ranks the results that the last stage has read into native memory. */
    void tell(MemorySegment results);
  }

  private final Computation computation;
  private final Passage passage;
  private int stage;

  /** A computation that begins in the first stage. */
  StageComputation(Computation computation, Passage passage) {
    this.computation = computation;
    this.passage = passage;
  }

  /**
   * Goes over to a stage.
   *
   * @param next the present stage, or the one that follows
   * @param h what the present one has computed, {@code [rows, hidden]}
   * @return the same, as {@code next} has it
   */
  Matrix enter(int next, Matrix h) {
    if (next == stage) {
      return h;
    }
    if (isHere()) {
      passage.send(computation, next, h);
    }
    stage = next;
    return isHere()
        ? passage.receive(computation, next, h.rows(), h.columns())
        : new Elsewhere(h.rows(), h.columns());
  }

  private boolean isHere() {
    return passage.isHere(stage);
  }

  private void ifHere(Runnable operation) {
    if (isHere()) {
      operation.run();
    }
  }

  private Matrix ifHere(int rows, int columns, Supplier<Matrix> operation) {
    return isHere() ? operation.get() : new Elsewhere(rows, columns);
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    return ifHere(rows, columns, () -> computation.matrix(rows, columns));
  }

  @Override
  public Matrix upload(Tensor values) {
    return ifHere(
        values.shape().intExtent(0), values.shape().intExtent(1), () -> computation.upload(values));
  }

  /** Reads what the last stage has computed, on every rank. */
  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    MemorySegment results =
        destination.isNative() ? destination : Arena.ofAuto().allocate(destination.byteSize(), 64);
    ifHere(() -> computation.read(matrix, results));
    passage.tell(results);
    if (!destination.isNative()) {
      destination.copyFrom(results);
    }
  }

  @Override
  public void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      Backend.Parameter words,
      Backend.Parameter types,
      Backend.Parameter positions,
      Matrix out) {
    ifHere(() -> computation.embed(tokenIds, typeIds, positionIds, words, types, positions, out));
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    ifHere(() -> computation.layerNorm(x, weight, bias, eps, out));
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    ifHere(() -> computation.linear(x, linear, activation, residual, out));
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    ifHere(() -> computation.activate(activation, x, out));
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    ifHere(() -> computation.dropout(dropout, x, residual, out));
  }

  @Override
  public void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      @Nullable Dropout dropout,
      Matrix out,
      @Nullable Matrix probabilities) {
    ifHere(
        () ->
            computation.attention(
                layout,
                queries,
                queryColumn,
                keys,
                keyColumn,
                values,
                valueColumn,
                dropout,
                out,
                probabilities));
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    ifHere(() -> computation.gatherRows(x, rows, out));
  }

  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    ifHere(() -> computation.scatterRows(x, column, rows, out));
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    ifHere(() -> computation.crossEntropy(logits, labels, smoothing, out));
  }

  @Override
  public Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    return ifHere(
        labels.length, 1, () -> computation.columnCrossEntropy(logits, column, offsets, labels));
  }

  @Override
  public Matrix squaredError(Matrix x, Matrix targets) {
    return ifHere(x.rows(), 1, () -> computation.squaredError(x, targets));
  }

  @Override
  public Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    return ifHere(logits.rows(), 1, () -> computation.binaryCrossEntropy(logits, targets));
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    return ifHere(
        logits.rows(), 1, () -> computation.crossEntropy(share, logits, labels, smoothing, out));
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    ifHere(() -> computation.allReduce(group, x, residual, out));
  }

  @Override
  public Matrix copyToRanks(Communicator group, Matrix x) {
    return ifHere(x.rows(), x.columns(), () -> computation.copyToRanks(group, x));
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    ifHere(() -> computation.reduceScatter(group, x, residual, out));
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    ifHere(() -> computation.allGather(group, x, use, all));
  }

  @Override
  public void gatherColumns(Communicator group, Matrix x, Matrix all) {
    ifHere(() -> computation.gatherColumns(group, x, all));
  }

  /** When it is run again, it is so in the stage that it belongs to. */
  @Override
  public void segment(Runnable operations) {
    int own = stage;
    ifHere(
        () ->
            computation.segment(
                () -> {
                  int present = stage;
                  stage = own;
                  operations.run();
                  stage = present;
                }));
  }

  @Override
  public Gradients gradients() {
    return computation.gradients();
  }

  @Override
  public void finish() {
    computation.finish();
  }

  @Override
  public void close() {
    computation.close();
  }
}
