// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.DeviceMessages;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.MessageBuffers.Buffer;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.PipelineSchedule.Action;
import io.github.megabert.parallel.PipelineSchedule.Direction;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The forward and backward passes of steps on a rank of a pipeline, in the order of {@link
 * io.github.megabert.parallel.PipelineSchedule}. Hidden states go forward and gradients backward
 * between neighbours, from device to device where the backend can, otherwise through host memory.
 * Every rank has the data, so it knows the shapes of what is to come. Belongs to one thread.
 */
public final class PipelinePasses {
  /**
   * A part of a step's batch.
   *
   * @param labels of the kind that the model's class learns from
   * @param with dropout and label smoothing
   */
  public record MicroBatch(Batch batch, Labels labels, Regularization with) {}

  private final TrainableModel model;
  private final PipelineRank pipeline;
  private final TensorRank tensor;
  private final Communicator group;
  private final int hidden;
  private final Timeline timeline;
  private final MessageBuffers buffers = new MessageBuffers();

  /** Null where messages go through host memory. */
  private final @Nullable DeviceLinks onDevice;

  /**
   * Passes of a model. All ranks of its pipeline make theirs at the same place.
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
    DeviceMessages messages = model.parameters().backend().deviceMessages(group);
    // Ranks that share a stage put together what goes through host memory: so all do, or none.
    boolean isThroughHost = Ranks.any(tensor.group(), messages == null);
    onDevice = messages == null || isThroughHost ? null : new DeviceLinks(messages, pipeline);
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
    private final HostLinks links = new HostLinks(pipeline, tensor, hidden, buffers);
    private final Map<Action, StagePass> inFlight = new HashMap<>();

    /** Those of the passes under way whose messages go through host memory. */
    private final Map<Action, HostLinks.Link> linked = new HashMap<>();

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
          links.reuseSent();
          loss += run(actions.get(i));
        }
        links.finish();
        if (onDevice != null) {
          onDevice.finish();
        }
      } finally {
        inFlight.values().forEach(StagePass::close);
      }
      return Ranks.sum(group, loss);
    }

    private void expect(Action action) {
      if (onDevice == null) {
        links.expect(action, tokens(action));
      }
    }

    private int tokens(Action action) {
      return microBatches.get(action.microBatch()).batch().tokens();
    }

    /** The loss of a forward pass in the last stage, times the factor; otherwise 0. */
    private double run(Action action) {
      int stage = pipeline.stage(action.chunk());
      Buffer numbers = links.await(action, tokens(action));
      boolean isForward = action.direction() == Direction.FORWARD;
      Lane lane = isForward ? Lane.FORWARD : Lane.BACKWARD;
      String name = "stage " + stage + ", micro-batch";
      try (Timeline.Open _ = timeline.begin(lane, name, action.microBatch())) {
        return isForward ? forward(action, stage, numbers) : backward(action, numbers);
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
              link(action, stage, incoming));
      inFlight.put(action, pass);
      return pass.loss() * factor;
    }

    private StageLink link(Action action, int stage, @Nullable Buffer incoming) {
      if (onDevice != null) {
        return onDevice.of(stage);
      }
      HostLinks.Link link = links.of(stage, incoming);
      linked.put(action, link);
      return link;
    }

    private double backward(Action action, @Nullable Buffer gradient) {
      Action forward = new Action(Direction.FORWARD, action.microBatch(), action.chunk());
      HostLinks.Link link = linked.remove(forward);
      if (link != null) {
        link.give(gradient);
      }
      try (StagePass pass = requireNonNull(inFlight.remove(forward))) {
        pass.backward(factor);
      }
      return 0;
    }
  }
}
