// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.DeviceFailedException;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.PipelinePasses.MicroBatch;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import io.github.megabert.train.optim.AdamW;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The steps of a run, or of a part of one, in one process; serves once. */
final class TrainingRun {
  /**
   * What a step computes.
   *
   * @param own this rank's parts
   * @param parts of all ranks
   * @param tokens of all parts
   */
  private record StepBatch(List<MicroBatch> own, int parts, long tokens) {}

  private final RunSettings settings;
  private final TrainableModel model;
  private final TrainingOptions options;
  private final TrainingRanks ranks;
  private final ExampleOrder order;
  private final RunFolder files;
  private final AdamW optimizer;

  /** Null but on the first rank. */
  private final @Nullable MetricsLog log;

  private final BooleanSupplier isStopped;
  private final Timeline timeline;
  private final StepGradients gradients;
  private final long begin = System.nanoTime();
  private final long tokensBefore;
  private RunState state;

  /**
   * A part of a run.
   *
   * @param log null but on the first rank
   * @param state where it begins
   * @param isStopped whether it shall end after the step under way
   * @param timeline is told what is done
   */
  TrainingRun(
      RunSettings settings,
      RunFolder files,
      AdamW optimizer,
      @Nullable MetricsLog log,
      RunState state,
      BooleanSupplier isStopped,
      Timeline timeline) {
    this.settings = settings;
    this.files = files;
    this.optimizer = optimizer;
    this.log = log;
    this.state = state;
    this.isStopped = isStopped;
    this.timeline = timeline;
    model = settings.model();
    options = settings.options();
    ranks = settings.ranks();
    order = new ExampleOrder(settings.data().size(), options.seed(), options.shuffle());
    gradients = new StepGradients(model, options.recompute(), ranks, timeline);
    tokensBefore = state.tokens();
  }

  /** Runs to the end, or until it is stopped. */
  TrainingResult run() throws IOException {
    try {
      return train();
    } catch (DeviceFailedException failure) {
      gradients.abandon(failure);
      throw new TrainingException(
          failure.device()
              + " failed after step "
              + state.step()
              + ", so the run ends: "
              + failure.reason()
              + "; "
              + remedy(failure),
          failure);
    } catch (IOException | RuntimeException | Error failure) {
      gradients.abandon(failure);
      throw failure;
    }
  }

  private String remedy(DeviceFailedException failure) {
    try {
      return files.remedy();
    } catch (IOException unreadable) {
      failure.addSuppressed(unreadable);
      return "its checkpoints cannot be read: " + unreadable.getMessage();
    }
  }

  private TrainingResult train() throws IOException {
    int steps = settings.steps();
    settings.listeners().forEach(listener -> listener.begun(state.step(), steps));
    boolean ended = isPatienceGone();
    try (OneAhead<StepBatch> batches = new OneAhead<>(this::batch, steps)) {
      while (state.step() < steps && !ended && !ranks.any(isStopped.getAsBoolean())) {
        try (Timeline.Open _ = timeline.begin(Lane.STEP, "step", state.step() + 1)) {
          step(batches);
        }
        if (isDue(options.evaluateEvery()) || state.step() == steps) {
          ended = evaluate();
        }
        if (isDue(options.saveEvery() > 0 ? options.saveEvery() : options.evaluateEvery())
            || state.step() == steps
            || ended) {
          save();
        }
      }
    }
    boolean isComplete = ended || state.step() == steps;
    if (!isComplete) {
      save();
    }
    if (settings.validation() == null) {
      saveBest();
    } else if (isComplete) {
      files.restoreBest(model.parameters());
    }
    ranks.meet();
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new TrainingResult(
        state.step(),
        isComplete,
        state.lossSum() / (state.step() - state.firstStep()),
        state.bestStep() == 0 ? state.step() : state.bestStep(),
        state.bestMetrics(),
        seconds,
        (state.tokens() - tokensBefore) / seconds);
  }

  /** Whether a number of steps has passed; 0 stands for an epoch. */
  private boolean isDue(int every) {
    int period = every > 0 ? every : options.stepsPerEpoch(settings.data().size());
    return state.step() % period == 0;
  }

  private void step(OneAhead<StepBatch> batches) throws IOException {
    long start = System.nanoTime();
    int step = state.step();
    StepBatch batch = batches.get(step);
    double loss = gradients.compute(batch.own(), batch.parts());
    requireFinite(loss, "loss");
    double factor = settings.schedule().factor(step);
    double gradNorm;
    try (Timeline.Open _ = timeline.begin(Lane.OPTIMIZER, "update");
        Computation computation = model.parameters().backend().begin()) {
      gradNorm = optimizer.step(computation, factor);
      computation.finish();
    }
    requireFinite(gradNorm, "gradient norm");
    state = state.stepped(optimizer.updates(), loss, batch.tokens());
    double epochs = (step + 1.0) / options.stepsPerEpoch(settings.data().size());
    MetricsLine.Step line =
        new MetricsLine.Step(
            step + 1,
            epochs * settings.data().passes(),
            loss,
            settings.schedule().rate(options.optimizer().learningRate(), step),
            gradNorm,
            batch.tokens() / ((System.nanoTime() - start) * 1e-9));
    append(line);
    settings.listeners().forEach(listener -> listener.stepped(line));
  }

  /** The first example of a step, counted within its epoch. */
  private int firstExample(int step) {
    return step % options.stepsPerEpoch(settings.data().size()) * options.examplesPerStep();
  }

  /** One past the last; an epoch's last step may have fewer. */
  private int endOfExamples(int step) {
    return Math.min(settings.data().size(), firstExample(step) + options.examplesPerStep());
  }

  /** Parts of a step's batch. */
  private int parts(int step) {
    return Math.ceilDiv(endOfExamples(step) - firstExample(step), options.batchSize());
  }

  /** The batch of a step; the offsets count all parts, as dropout's masks are those of one rank. */
  private StepBatch batch(int step) {
    PartOffsets offsets = new PartOffsets(model.model().config(), options, step);
    int parts = parts(step);
    int epoch = step / options.stepsPerEpoch(settings.data().size());
    int end = endOfExamples(step);
    List<MicroBatch> own = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      int from = firstExample(step) + part * options.batchSize();
      int to = Math.min(end, from + options.batchSize());
      try (Timeline.Open _ = timeline.begin(Lane.DATA, "micro-batch", part)) {
        Dataset.Part examples = settings.data().batch(epoch, order.examples(epoch, from, to));
        Regularization with = offsets.next(examples.batch());
        if (ranks.isOwn(part)) {
          own.add(new MicroBatch(examples.batch(), examples.labels(), with));
        }
      }
    }
    return new StepBatch(own, parts, offsets.tokens());
  }

  private void requireFinite(double value, String what) {
    if (!Double.isFinite(value)) {
      throw new TrainingException(
          "the "
              + what
              + " of step "
              + (state.step() + 1)
              + " is "
              + value
              + ", so the run ends; what was saved before stays. Try a lower learning rate, a"
              + " longer warm-up, or look at the data");
    }
  }

  /** Whether the run ends because nothing gets better. */
  private boolean evaluate() throws IOException {
    Validation validation = settings.validation();
    if (validation == null) {
      return false;
    }
    Map<String, Double> metrics;
    try (Timeline.Open _ = timeline.begin(Lane.AROUND, "evaluation")) {
      metrics = new LinkedHashMap<>(validation.evaluator().evaluate(model.model()));
    }
    boolean isBest = validation.isBetter(metrics, state.bestMetrics());
    state = state.evaluated(metrics, isBest);
    if (isBest) {
      saveBest();
    }
    MetricsLine.Evaluation line =
        new MetricsLine.Evaluation(state.step(), MetricsLine.Split.VALIDATION, metrics);
    append(line);
    settings.listeners().forEach(listener -> listener.evaluated(line, isBest));
    return isPatienceGone();
  }

  private boolean isPatienceGone() {
    return options.earlyStopping() > 0 && state.evaluationsSinceBest() >= options.earlyStopping();
  }

  private void append(MetricsLine line) throws IOException {
    if (log != null) {
      log.append(line);
    }
  }

  private void saveBest() throws IOException {
    try (Timeline.Open _ = timeline.begin(Lane.AROUND, "best model")) {
      if (ranks.isOfFirstCopy()) {
        Checkpoint whole = model.parameters().whole();
        if (ranks.isFirst()) {
          files.saveBest(whole);
        }
      }
      ranks.meet();
    }
  }

  private void save() throws IOException {
    // Only the first rank's folder tells, and all must agree on who gives and who writes.
    if (ranks.any(ranks.isFirst() && !files.has(state.step()))) {
      try (Timeline.Open _ = timeline.begin(Lane.AROUND, "checkpoint")) {
        saveParts();
      }
    }
  }

  private void saveParts() throws IOException {
    if (log != null) {
      log.force();
    }
    Path saved = settings.checkpoints().save(files, optimizer, state);
    if (saved != null) {
      settings.listeners().forEach(listener -> listener.saved(saved));
    }
  }
}
