// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The pass of a micro-batch through one stage: forward when it is made, then backward. Hidden
 * states and gradients are {@code [rows, hidden]}; how they come and go is the {@link StageLink}'s
 * business.
 */
final class StagePass implements StageComputation.Passage, AutoCloseable {
  private final int stage;
  private final boolean isLast;
  private final Tape tape;
  private final Loss loss;
  private final StageLink link;
  private @Nullable Matrix input;
  private @Nullable Matrix output;

  /**
   * The pass forward.
   *
   * @param completed is told of gradients that the pass completes
   * @param link to the stages before and behind, of this pass
   */
  StagePass(
      TrainableModel model,
      int stage,
      PipelinePasses.MicroBatch microBatch,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed,
      StageLink link) {
    TrainableParameters parameters = model.parameters();
    this.stage = stage;
    this.link = link;
    isLast = stage == parameters.share().pipeline().lastStage();
    tape = new Tape(parameters.backend().begin(), parameters, recompute, completed);
    try {
      loss =
          model
              .model()
              .loss(
                  new StageComputation(tape, this),
                  microBatch.batch(),
                  microBatch.labels(),
                  microBatch.with());
    } catch (RuntimeException | Error failure) {
      tape.close();
      throw failure;
    }
  }

  @Override
  public boolean isHere(int other) {
    return other == stage;
  }

  @Override
  public Matrix receive(Computation computation, int into, int rows, int columns) {
    Matrix states = link.receiveStates(tape, rows, columns);
    input = states;
    return states;
  }

  @Override
  public void send(Computation computation, int into, Matrix hiddenStates) {
    output = hiddenStates;
    link.sendStates(tape, hiddenStates);
  }

  /** Losses are read by {@link #loss}. */
  @Override
  public void tell(MemorySegment results) {
    throw new IllegalStateException("a pass of training tells no results");
  }

  /** The loss of the micro-batch in the last stage; 0 in others. */
  double loss() {
    return isLast ? loss.read(tape) : 0;
  }

  /**
   * Walks back, and adds the gradients of the stage's parameters.
   *
   * @param factor of all gradients, taken in the last stage
   */
  void backward(double factor) {
    if (isLast) {
      loss.backward(tape, factor);
    } else {
      link.walkBack(tape, requireNonNull(output));
    }
    if (input != null) {
      link.sendGradient(tape, input);
    }
    tape.finish();
  }

  @Override
  public void close() {
    tape.close();
    link.ended();
  }
}
