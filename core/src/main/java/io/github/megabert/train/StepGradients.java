// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Loss;
import io.github.megabert.model.PipelinePasses;
import io.github.megabert.model.PipelinePasses.MicroBatch;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Loss and gradients of a step: this rank's passes, then the sums over the ranks. Serves one step
 * after the other.
 */
final class StepGradients {
  private final TrainableModel model;
  private final boolean recompute;
  private final TrainingRanks ranks;
  private final Timeline timeline;
  private final @Nullable PipelinePasses pipeline;

  /** Of the step under way; null where there is one copy of the model. */
  private @Nullable GradientReduction reduction;

  /**
   * @param recompute whether layers are computed again for their gradients, to save memory
   * @param timeline is told what is computed
   */
  StepGradients(TrainableModel model, boolean recompute, TrainingRanks ranks, Timeline timeline) {
    this.model = model;
    this.recompute = recompute;
    this.ranks = ranks;
    this.timeline = timeline;
    pipeline = model.parameters().share().isPipeline() ? new PipelinePasses(model, timeline) : null;
  }

  /**
   * The gradients of a step, in the model's parameters.
   *
   * @param own this rank's parts of the batch
   * @param parts of the whole batch
   * @return the loss of the whole batch
   */
  double compute(List<MicroBatch> own, int parts) {
    TrainableParameters parameters = model.parameters();
    reduction = newReduction();
    try (Computation computation = parameters.backend().begin()) {
      parameters.clearGradients(computation);
      computation.finish();
    }
    double loss = addGradients(own, parts);
    try (Computation computation = parameters.backend().begin()) {
      if (reduction != null) {
        reduction.finish(computation);
      }
      parameters.sumShared(computation);
      computation.finish();
    }
    return Ranks.sum(ranks.copies(), loss);
  }

  /** After a failure: the gradients are about to be freed. */
  void abandon(Throwable failure) {
    if (reduction != null) {
      reduction.abandon(failure);
    }
  }

  /** What sums the gradients of a step over the copies; null where there is one. */
  private @Nullable GradientReduction newReduction() {
    Communicator copies = ranks.copies();
    return copies == null
        ? null
        : new GradientReduction(
            copies, model.parameters().blocks(), ranks.options().distributedOptimizer());
  }

  /** Adds the gradients of this rank's parts of a step's batch. */
  private double addGradients(List<MicroBatch> own, int parts) {
    BiConsumer<Computation, Matrix> completed =
        reduction == null || !ranks.options().overlap()
            ? (computation, gradient) -> {}
            : reduction::completed;
    if (pipeline != null) {
      return pipeline.addGradients(own, 1.0 / parts, recompute, completed);
    }
    double loss = 0;
    for (int i = 0; i < own.size(); i++) {
      boolean isLast = i == own.size() - 1;
      loss += addGradients(own.get(i), i, parts, isLast ? completed : (begun, gradient) -> {});
    }
    return loss;
  }

  /**
   * Adds the gradients of a part of a step's batch.
   *
   * @param completed is told of gradients that this part completes, so that their sums over the
   *     copies may begin
   */
  private double addGradients(
      MicroBatch part, int number, int parts, BiConsumer<Computation, Matrix> completed) {
    TrainableParameters parameters = model.parameters();
    try (Tape tape = new Tape(parameters.backend().begin(), parameters, recompute, completed)) {
      Loss loss;
      double value;
      try (Timeline.Open _ = timeline.begin(Lane.FORWARD, "micro-batch", number)) {
        loss = model.model().loss(tape, part.batch(), part.labels(), part.with());
      }
      try (Timeline.Open _ = timeline.begin(Lane.BACKWARD, "micro-batch", number)) {
        loss.backward(tape, 1.0 / parts);
        // A device that records computes both passes when the first number is read.
        value = loss.read(tape);
        tape.finish();
      }
      return value / parts;
    }
  }
}
