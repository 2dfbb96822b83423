// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.MessageBuffers.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The pass of a micro-batch through one stage: forward when it is made, then backward. Hidden
 * states and gradients are float32 {@code [rows, hidden]} in native memory; where they come from
 * and go to is the caller's business.
 */
final class StagePass implements StageComputation.Passage, AutoCloseable {
  private final int stage;
  private final boolean isLast;
  private final Tape tape;
  private final Loss loss;
  private final MessageBuffers buffers;
  private final @Nullable Buffer incoming;
  private @Nullable Matrix input;
  private @Nullable Matrix output;
  private @Nullable Buffer outgoing;

  /**
   * The pass forward.
   *
   * @param completed is told of gradients that the pass completes
   * @param buffers give what goes out, and get back what came in
   * @param incoming what the stage before has computed; null in the first
   */
  StagePass(
      TrainableModel model,
      int stage,
      PipelinePasses.MicroBatch microBatch,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed,
      MessageBuffers buffers,
      @Nullable Buffer incoming) {
    TrainableParameters parameters = model.parameters();
    this.stage = stage;
    this.buffers = buffers;
    this.incoming = incoming;
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
    Matrix states = tape.input(requireNonNull(incoming).numbers());
    input = states;
    return states;
  }

  @Override
  public void send(Computation computation, int into, Matrix hiddenStates) {
    output = hiddenStates;
    outgoing = buffers.take(hiddenStates.rows(), hiddenStates.columns());
    tape.read(hiddenStates, outgoing.segment());
  }

  /** Losses are read by {@link #loss}. */
  @Override
  public void tell(MemorySegment results) {
    throw new IllegalStateException("a pass of training tells no results");
  }

  /** What the next stage reads, the caller's from now on; in the last there is none. */
  Buffer outgoing() {
    return requireNonNull(outgoing);
  }

  /** The loss of the micro-batch in the last stage; 0 in others. */
  double loss() {
    return isLast ? loss.read(tape) : 0;
  }

  /**
   * Walks back, and adds the gradients of the stage's parameters.
   *
   * @param factor of all gradients, taken in the last stage
   * @param gradient of what went out; null in the last stage
   * @return the gradient of what came in, the caller's from now on; null in the first stage
   */
  @Nullable Buffer backward(double factor, @Nullable Buffer gradient) {
    if (isLast) {
      loss.backward(tape, factor);
    } else {
      tape.backward(requireNonNull(output), requireNonNull(gradient).numbers());
    }
    Buffer back = null;
    if (input != null) {
      back = buffers.take(input.rows(), input.columns());
      tape.readGradient(input, back.segment());
    }
    tape.finish();
    return back;
  }

  /** Ends the pass; nothing reads what came in any more. */
  @Override
  public void close() {
    tape.close();
    if (incoming != null) {
      buffers.give(incoming);
    }
  }
}
