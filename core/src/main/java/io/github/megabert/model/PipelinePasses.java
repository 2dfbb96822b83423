// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.MessageBuffers.Buffer;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.PipelineSchedule.Action;
import io.github.megabert.parallel.PipelineSchedule.Direction;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The forward and backward passes of steps on a rank of a pipeline, in the order of {@link
 * io.github.megabert.parallel.PipelineSchedule}. Hidden states go forward and gradients backward
 * between neighbours: sent in the background, and received while the pass before is computed. Every
 * rank has the data, so it knows the shapes of what is to come.
 *
 * <p>Where T ranks share the layers, all of them have the same hidden states. Each sends its T-th
 * part of the rows to its like in the next stage, and those gather them (Narayanan et al. 2021,
 * section 4.1). Belongs to one thread.
 */
public final class PipelinePasses {
  /**
   * A part of a step's batch.
   *
   * @param labels of the kind that the model's class learns from
   * @param with dropout and label smoothing
   */
  public record MicroBatch(Batch batch, Labels labels, Regularization with) {}

  private record Message(Buffer buffer, Pending pending) {}

  private final TrainableModel model;
  private final PipelineRank pipeline;
  private final TensorRank tensor;
  private final Communicator group;
  private final int hidden;
  private final Timeline timeline;
  private final MessageBuffers buffers = new MessageBuffers();

  /**
   * Passes of a model.
   *
   * @param model one that was loaded for a pipeline of several ranks
   * @param timeline is told of the passes
   */
  public PipelinePasses(TrainableModel model, Timeline timeline) {
    this.model = model;
    this.timeline = timeline;
    pipeline = model.parameters().share().pipeline();
    tensor = model.parameters().share().tensor();
    group = requireNonNull(pipeline.group());
    hidden = model.model().config().hiddenSize();
  }

  /**
   * Adds the gradients of some micro-batches to those of the model's parameters. All ranks of the
   * pipeline call it, with the same micro-batches.
   *
   * @param factor of losses and gradients, such as one over the number of parts of a batch
   * @param recompute whether layers are computed again for their gradients, to save memory
   * @param completed as a {@link io.github.megabert.backend.Tape} is given; told of gradients that
   *     the last micro-batch completes
   * @return the sum of the losses times the factor, on every rank
   */
  public double addGradients(
      List<MicroBatch> microBatches,
      double factor,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed) {
    return new Step(microBatches, factor, recompute, completed).run();
  }

  /** The passes of one step. */
  private final class Step {
    private final List<MicroBatch> microBatches;
    private final double factor;
    private final boolean recompute;
    private final BiConsumer<Computation, Matrix> completed;
    private final Map<Action, Message> expected = new HashMap<>();
    private final List<Message> sent = new ArrayList<>();
    private final Map<Action, StagePass> inFlight = new HashMap<>();

    Step(
        List<MicroBatch> microBatches,
        double factor,
        boolean recompute,
        BiConsumer<Computation, Matrix> completed) {
      this.microBatches = microBatches;
      this.factor = factor;
      this.recompute = recompute;
      this.completed = completed;
    }

    double run() {
      List<Action> actions = pipeline.schedule().of(pipeline.rank(), microBatches.size());
      double loss = 0;
      try {
        for (int i = 0; i < actions.size(); i++) {
          expect(actions.get(i));
          if (i + 1 < actions.size()) {
            expect(actions.get(i + 1));
          }
          reuseSent();
          loss += run(actions.get(i));
        }
        for (Message message : sent) {
          message.pending.await();
          buffers.give(message.buffer);
        }
      } finally {
        inFlight.values().forEach(StagePass::close);
      }
      return Ranks.sum(group, loss);
    }

    private void reuseSent() {
      for (Iterator<Message> all = sent.iterator(); all.hasNext(); ) {
        Message message = all.next();
        if (message.pending.isDone()) {
          all.remove();
          buffers.give(message.buffer);
        }
      }
    }

    /** Begins to receive what a pass reads, if another rank computes it. */
    private void expect(Action action) {
      int stage = pipeline.stage(action.chunk());
      boolean isForward = action.direction() == Direction.FORWARD;
      if (stage == (isForward ? 0 : pipeline.lastStage()) || expected.containsKey(action)) {
        return;
      }
      Buffer buffer = buffers.take(tensor.share(tokens(action)), hidden);
      Pending pending =
          isForward
              ? group.startReceive(
                  buffer.segment(),
                  pipeline.rankOf(stage - 1),
                  PipelineRank.tagOfHiddenStates(stage))
              : group.startReceive(
                  buffer.segment(),
                  pipeline.rankOf(stage + 1),
                  PipelineRank.tagOfGradients(stage + 1));
      expected.put(action, new Message(buffer, pending));
    }

    private int tokens(Action action) {
      return microBatches.get(action.microBatch()).batch().tokens();
    }

    /** The loss of a forward pass in the last stage, times the factor; otherwise 0. */
    private double run(Action action) {
      int stage = pipeline.stage(action.chunk());
      Message message = expected.remove(action);
      Buffer numbers = null;
      if (message != null) {
        message.pending.await();
        numbers = whole(message.buffer, tokens(action));
      }
      boolean isForward = action.direction() == Direction.FORWARD;
      Lane lane = isForward ? Lane.FORWARD : Lane.BACKWARD;
      String name = "stage " + stage + ", micro-batch";
      try (Timeline.Open _ = timeline.begin(lane, name, action.microBatch())) {
        return isForward ? forward(action, stage, numbers) : backward(action, stage, numbers);
      }
    }

    private double forward(Action action, int stage, @Nullable Buffer incoming) {
      boolean isLast = action.microBatch() == microBatches.size() - 1;
      StagePass pass =
          new StagePass(
              model,
              stage,
              microBatches.get(action.microBatch()),
              recompute,
              isLast ? completed : (computation, gradient) -> {},
              buffers,
              incoming);
      inFlight.put(action, pass);
      if (stage < pipeline.lastStage()) {
        int tag = PipelineRank.tagOfHiddenStates(stage + 1);
        send(pass.outgoing(), tokens(action), stage + 1, tag);
      }
      return pass.loss() * factor;
    }

    private double backward(Action action, int stage, @Nullable Buffer gradient) {
      Action forward = new Action(Direction.FORWARD, action.microBatch(), action.chunk());
      try (StagePass pass = requireNonNull(inFlight.remove(forward))) {
        Buffer back = pass.backward(factor, gradient);
        if (back != null) {
          send(back, tokens(action), stage - 1, PipelineRank.tagOfGradients(stage));
        }
      }
      if (gradient != null) {
        buffers.give(gradient);
      }
      return 0;
    }

    /** What the ranks that share the stage have received, put together where all have the same. */
    private Buffer whole(Buffer part, int tokens) {
      if (!isScattered()) {
        return part;
      }
      Buffer whole = buffers.take(tokens, hidden);
      requireNonNull(tensor.group())
          .allGather(part.segment(), whole.segment(), rowsOfRanks(tokens));
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

    private void send(Buffer numbers, int tokens, int stage, int tag) {
      Pending pending =
          group.startSend(
              isScattered()
                  ? rowsOfRanks(tokens).slice(numbers.segment(), tensor.rank())
                  : numbers.segment(),
              pipeline.rankOf(stage),
              tag);
      sent.add(new Message(numbers, pending));
    }
  }
}
