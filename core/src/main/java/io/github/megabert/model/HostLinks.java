// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.MessageBuffers.Buffer;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.PipelineSchedule.Action;
import io.github.megabert.parallel.PipelineSchedule.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Links of a rank's stages through host memory, in one step: hidden states and gradients are sent
 * in the background, and received while the pass before is computed.
 *
 * <p>Where T ranks share the layers, all of them have the same hidden states. Each sends its T-th
 * part of the rows to its like in the next stage, and those gather them (Narayanan et al. 2021,
 * section 4.1).
 */
final class HostLinks {
  private record Message(Buffer buffer, Pending pending) {}

  private final PipelineRank pipeline;
  private final TensorRank tensor;
  private final Communicator group;
  private final int hidden;
  private final MessageBuffers buffers;
  private final Map<Action, Message> expected = new HashMap<>();
  private final List<Message> sent = new ArrayList<>();

  /**
   * Links of a step.
   *
   * @param buffers of all steps
   */
  HostLinks(PipelineRank pipeline, TensorRank tensor, int hidden, MessageBuffers buffers) {
    this.pipeline = pipeline;
    this.tensor = tensor;
    this.hidden = hidden;
    this.buffers = buffers;
    group = requireNonNull(pipeline.group());
  }

  /** Begins to receive what a pass reads, if another rank computes it. */
  void expect(Action action, int tokens) {
    int stage = pipeline.stage(action.chunk());
    boolean isForward = action.direction() == Direction.FORWARD;
    if (stage == (isForward ? 0 : pipeline.lastStage()) || expected.containsKey(action)) {
      return;
    }
    Buffer buffer = buffers.take(tensor.share(tokens), hidden);
    Pending pending =
        isForward
            ? group.startReceive(
                buffer.segment(), pipeline.rankOf(stage - 1), PipelineRank.tagOfHiddenStates(stage))
            : group.startReceive(
                buffer.segment(),
                pipeline.rankOf(stage + 1),
                PipelineRank.tagOfGradients(stage + 1));
    expected.put(action, new Message(buffer, pending));
  }

  /** What has been expected for a pass, when it is there; null where nothing was. */
  @Nullable Buffer await(Action action, int tokens) {
    Message message = expected.remove(action);
    if (message == null) {
      return null;
    }
    message.pending.await();
    return whole(message.buffer, tokens);
  }

  /** The link of a micro-batch's passes through a stage of this rank. */
  Link of(int stage, @Nullable Buffer states) {
    return new Link(stage, states);
  }

  /** Takes the memory of what has been sent back. */
  void reuseSent() {
    for (Iterator<Message> all = sent.iterator(); all.hasNext(); ) {
      Message message = all.next();
      if (message.pending.isDone()) {
        all.remove();
        buffers.give(message.buffer);
      }
    }
  }

  /** Waits until all has been sent. */
  void finish() {
    for (Message message : sent) {
      message.pending.await();
      buffers.give(message.buffer);
    }
    sent.clear();
  }

  /** What the ranks that share the stage have received, put together where all have the same. */
  private Buffer whole(Buffer part, int tokens) {
    if (!isScattered()) {
      return part;
    }
    Buffer whole = buffers.take(tokens, hidden);
    requireNonNull(tensor.group()).allGather(part.segment(), whole.segment(), rowsOfRanks(tokens));
    buffers.give(part);
    return whole;
  }

  /** Whether ranks that share a stage have the same hidden states, and each sends a part. */
  private boolean isScattered() {
    return tensor.size() > 1 && !tensor.dividesTokens();
  }

  private Partition rowsOfRanks(int tokens) {
    return Partition.evenRows(tokens, hidden, tensor.size());
  }

  private void send(Buffer numbers, int rows, int stage, int tag) {
    Pending pending =
        group.startSend(
            isScattered()
                ? rowsOfRanks(rows).slice(numbers.segment(), tensor.rank())
                : numbers.segment(),
            pipeline.rankOf(stage),
            tag);
    sent.add(new Message(numbers, pending));
  }

  /** That of a micro-batch's passes through a stage. */
  final class Link implements StageLink {
    private final int stage;
    private final @Nullable Buffer states;
    private @Nullable Buffer gradient;

    private Link(int stage, @Nullable Buffer states) {
      this.stage = stage;
      this.states = states;
    }

    /** Keeps the gradient of what went out for the walk back. */
    void give(@Nullable Buffer received) {
      gradient = received;
    }

    @Override
    public Matrix receiveStates(Tape tape, int rows, int columns) {
      return tape.input(requireNonNull(states).numbers());
    }

    @Override
    public void sendStates(Tape tape, Matrix hiddenStates) {
      Buffer out = buffers.take(hiddenStates.rows(), hiddenStates.columns());
      tape.read(hiddenStates, out.segment());
      send(out, hiddenStates.rows(), stage + 1, PipelineRank.tagOfHiddenStates(stage + 1));
    }

    @Override
    public void walkBack(Tape tape, Matrix hiddenStates) {
      tape.backward(hiddenStates, requireNonNull(gradient).numbers());
    }

    @Override
    public void sendGradient(Tape tape, Matrix input) {
      Buffer back = buffers.take(input.rows(), input.columns());
      tape.readGradient(input, back.segment());
      send(back, input.rows(), stage - 1, PipelineRank.tagOfGradients(stage));
    }

    @Override
    public void ended() {
      if (states != null) {
        buffers.give(states);
      }
      if (gradient != null) {
        buffers.give(gradient);
      }
    }
  }
}
