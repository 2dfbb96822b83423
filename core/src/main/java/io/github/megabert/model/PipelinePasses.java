package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.PipelineSchedule.Action;
import io.github.megabert.parallel.PipelineSchedule.Direction;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The forward and backward passes of a step on a rank of a pipeline, in the order of {@link
 * io.github.megabert.parallel.PipelineSchedule}. Hidden states go forward and gradients backward
 * between neighbours: sent in the background, and received while the pass before is computed. Every
 * rank has the data, so it knows the shapes of what is to come.
 */
public final class PipelinePasses {
  /**
   * A part of a step's batch.
   *
   * @param labels of the kind that the model's class learns from
   * @param with dropout and label smoothing
   */
  public record MicroBatch(Batch batch, Labels labels, Regularization with) {}

  private record Message(Tensor numbers, Pending pending) {}

  private final TrainableModel model;
  private final PipelineRank pipeline;
  private final Communicator group;
  private final List<MicroBatch> microBatches;
  private final double factor;
  private final boolean recompute;
  private final BiConsumer<Computation, Matrix> completed;
  private final Map<Action, Message> expected = new HashMap<>();
  private final List<Message> sent = new ArrayList<>();
  private final Map<Action, StagePass> inFlight = new HashMap<>();

  private PipelinePasses(
      TrainableModel model,
      List<MicroBatch> microBatches,
      double factor,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed) {
    this.model = model;
    pipeline = model.parameters().pipeline();
    group = requireNonNull(pipeline.group());
    this.microBatches = microBatches;
    this.factor = factor;
    this.recompute = recompute;
    this.completed = completed;
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
  public static double addGradients(
      TrainableModel model,
      List<MicroBatch> microBatches,
      double factor,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed) {
    return new PipelinePasses(model, microBatches, factor, recompute, completed).run();
  }

  private double run() {
    List<Action> actions = pipeline.schedule().of(pipeline.rank(), microBatches.size());
    double loss = 0;
    try {
      for (int i = 0; i < actions.size(); i++) {
        expect(actions.get(i));
        if (i + 1 < actions.size()) {
          expect(actions.get(i + 1));
        }
        sent.removeIf(message -> message.pending.isDone());
        loss += run(actions.get(i));
      }
      sent.forEach(message -> message.pending.await());
    } finally {
      inFlight.values().forEach(StagePass::close);
    }
    return Ranks.sum(group, loss);
  }

  /** Begins to receive what a pass reads, if another rank computes it. */
  private void expect(Action action) {
    int stage = pipeline.stage(action.chunk());
    boolean isForward = action.direction() == Direction.FORWARD;
    if (stage == (isForward ? 0 : pipeline.lastStage()) || expected.containsKey(action)) {
      return;
    }
    TensorRank ranks = model.parameters().tensorRank();
    int tokens = microBatches.get(action.microBatch()).batch().tokens();
    int rows = new TokenShare(ranks, tokens, ranks.dividesTokens()).rows();
    Tensor numbers =
        Tensor.allocate(
            Arena.ofAuto(), DType.F32, Shape.of(rows, model.model().config().hiddenSize()));
    Pending pending =
        isForward
            ? group.startReceive(
                numbers.segment(),
                pipeline.rankOf(stage - 1),
                PipelineRank.tagOfHiddenStates(stage))
            : group.startReceive(
                numbers.segment(),
                pipeline.rankOf(stage + 1),
                PipelineRank.tagOfGradients(stage + 1));
    expected.put(action, new Message(numbers, pending));
  }

  /** The loss of a forward pass in the last stage, times the factor; otherwise 0. */
  private double run(Action action) {
    int stage = pipeline.stage(action.chunk());
    Message message = expected.remove(action);
    Tensor numbers = null;
    if (message != null) {
      message.pending.await();
      numbers = message.numbers;
    }
    return switch (action.direction()) {
      case FORWARD -> forward(action, stage, numbers);
      case BACKWARD -> {
        backward(action, stage, numbers);
        yield 0;
      }
    };
  }

  private double forward(Action action, int stage, @Nullable Tensor incoming) {
    boolean isLast = action.microBatch() == microBatches.size() - 1;
    StagePass pass =
        new StagePass(
            model,
            stage,
            microBatches.get(action.microBatch()),
            recompute,
            isLast ? completed : (computation, gradient) -> {},
            incoming);
    inFlight.put(action, pass);
    if (stage < pipeline.lastStage()) {
      send(pass.outgoing(), stage + 1, PipelineRank.tagOfHiddenStates(stage + 1));
    }
    return pass.loss() * factor;
  }

  private void backward(Action action, int stage, @Nullable Tensor gradient) {
    Action forward = new Action(Direction.FORWARD, action.microBatch(), action.chunk());
    try (StagePass pass = requireNonNull(inFlight.remove(forward))) {
      Tensor back = pass.backward(factor, gradient);
      if (back != null) {
        send(back, stage - 1, PipelineRank.tagOfGradients(stage));
      }
    }
  }

  private void send(Tensor numbers, int stage, int tag) {
    sent.add(new Message(numbers, group.startSend(numbers.segment(), pipeline.rankOf(stage), tag)));
  }
}
