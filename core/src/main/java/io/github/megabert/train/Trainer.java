package io.github.megabert.train;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.Interruptible;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.model.PipelinePasses.MicroBatch;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.Schedule;
import io.github.megabert.train.optim.StateShare;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on a data set: batches in a seeded order, gradients averaged over the passes of a
 * step, AdamW under a schedule, evaluations, the best model kept, and checkpoints from which a run
 * goes on to the same bits.
 *
 * <p>{@link #stop} or an interrupt ends it after the step under way, with a checkpoint. A run has a
 * thread of its own, so that an interrupt closes no file; the calling thread waits for it, and is
 * interrupted again when it has ended.
 */
public final class Trainer {
  private final TrainableModel model;
  private final Backend backend;
  private final Dataset data;
  private TrainingOptions options;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private Schedule schedule;
  private final ExampleOrder order;
  private @Nullable Evaluator evaluator;
  private String bestMetric = "loss";
  private boolean higherIsBetter;
  private Map<String, Path> alongside = Map.of();
  private CheckpointFormat format = CheckpointFormat.HUGGINGFACE;
  private @Nullable MegatronTrainingState origin;
  private @Nullable ParallelGroups ranks;
  private DataParallelOptions dataParallel = DataParallelOptions.DEFAULT;
  private @Nullable Path trace;
  private volatile boolean stopped;

  /**
   * A trainer.
   *
   * @throws IllegalArgumentException if there is no example
   */
  public Trainer(TrainableModel model, Dataset data, TrainingOptions options) {
    if (data.size() == 0) {
      throw new IllegalArgumentException("there is no example to train on");
    }
    this.model = model;
    this.data = data;
    this.options = options;
    backend = model.parameters().backend();
    schedule = options.schedule(data.size());
    order = new ExampleOrder(data.size(), options.seed(), options.shuffle());
  }

  /**
   * Sets how the model is evaluated, and which metric selects the best one.
   *
   * @param metric one that the evaluator gives
   * @param isHigherBetter whether more of it is better
   */
  public Trainer evaluator(Evaluator evaluation, String metric, boolean isHigherBetter) {
    evaluator = evaluation;
    bestMetric = metric;
    higherIsBetter = isHigherBetter;
    return this;
  }

  /** Adds a listener. */
  public Trainer listener(TrainingListener listener) {
    listeners.add(listener);
    return this;
  }

  /** Sets files that are copied beside every model that is saved, by the names they get. */
  public Trainer alongside(Map<String, Path> files) {
    alongside = Map.copyOf(files);
    return this;
  }

  /** Sets how checkpoints are written; the model at its best is a Hugging Face folder always. */
  public Trainer checkpoints(CheckpointFormat value) {
    format = value;
    return this;
  }

  /**
   * Goes on with a run of Megatron-LM: from its step, with its optimizer's state, AdamW's numbers
   * and the learning rate's course, whatever the options say of these.
   *
   * @param checkpoint that the model was loaded from, open until the run has begun
   * @throws CheckpointException if it is none of Megatron-LM's, has no optimizer's state, or has
   *     numbers that are none here
   * @throws IllegalArgumentException if its steps have another number of samples, or are all done,
   *     or the rate would be 0 from a step of this run on
   */
  public Trainer goOnFrom(Checkpoint checkpoint) throws IOException {
    if (!(checkpoint instanceof MegatronCheckpoint saved)) {
      throw new CheckpointException(
          checkpoint.source()
              + " is no run of Megatron-LM, so there is no optimizer's state to go on with");
    }
    origin = saved.trainingState();
    int steps = options.steps(data.size());
    options = MegatronNumbers.options(options, origin, steps);
    schedule = MegatronNumbers.schedule(origin, steps);
    return this;
  }

  /**
   * Makes it one of several that train together. The parts of a step's batch ({@link
   * TrainingOptions#accumulate}) are divided among the data-parallel ranks, so that a step computes
   * what one rank would. Each evaluates; the first writes.
   *
   * @throws IllegalArgumentException if the model was loaded for another number of pipeline stages,
   *     there are more copies of the model than a step has passes, or the ranks cannot compute on
   *     the model's backend
   */
  public Trainer ranks(ParallelGroups groups) {
    model.parameters().requirePipelineOf(groups.plan().pipeline());
    model.parameters().backend().requireRanks(groups.world());
    if (groups.plan().data() > options.accumulate()) {
      throw new IllegalArgumentException(
          "a step has "
              + options.accumulate()
              + " passes for "
              + groups.plan().data()
              + " data-parallel ranks, so some would have nothing to do; accumulate at least as many"
              + " passes as there are ranks");
    }
    ranks = groups;
    return this;
  }

  /** Sets how the copies of the model train together, where there are several. */
  public Trainer dataParallel(DataParallelOptions value) {
    dataParallel = value;
    return this;
  }

  /**
   * Sets a file for a timeline of the run, in Chrome's trace format: what each rank does when. It
   * is written when the run ends or is stopped; null for none. All ranks set it, or none.
   */
  public Trainer trace(@Nullable Path file) {
    trace = file;
    return this;
  }

  private AdamW newOptimizer() {
    return new AdamW(model.parameters(), options.optimizer(), stateShare());
  }

  private StateShare stateShare() {
    return ranks != null && ranks.data().size() > 1 && dataParallel.distributedOptimizer()
        ? new StateShare(ranks.data())
        : StateShare.WHOLE;
  }

  private @Nullable Communicator world() {
    return ranks == null ? null : ranks.world();
  }

  private boolean isFirst() {
    return ranks == null || ranks.world().rank() == 0;
  }

  /** Waits until all ranks have come here. */
  private void meet() {
    if (ranks != null) {
      ranks.world().barrier();
    }
  }

  /** Ends the run after the step under way; may be called from another thread. */
  public void stop() {
    stopped = true;
  }

  /**
   * Begins a run.
   *
   * @param folder new or empty
   * @throws TrainingException if the loss is no longer finite
   * @throws IOException if the folder holds something, or cannot be written
   */
  public TrainingResult run(Path folder) throws IOException {
    return interruptible(interrupted -> run(folder, interrupted));
  }

  /** A run, or the rest of one, which ends soon when the flag is set. */
  private interface Part {
    TrainingResult run(AtomicBoolean interrupted) throws IOException;
  }

  private static TrainingResult interruptible(Part part) throws IOException {
    AtomicBoolean interrupted = new AtomicBoolean();
    return Interruptible.call(
        "megabert-training", () -> interrupted.set(true), () -> part.run(interrupted));
  }

  /** A run's folder; what cannot be written as Megatron-LM's ranks is refused now. */
  private RunFolder folder(Path path) throws IOException {
    checkpoints().requireExpressible();
    return new RunFolder(path, alongside, format);
  }

  private RunCheckpoints checkpoints() {
    return new RunCheckpoints(
        model.parameters(),
        options,
        schedule,
        options.steps(data.size()),
        format,
        ranks,
        dataParallel);
  }

  private TrainingResult run(Path folder, AtomicBoolean interrupted) throws IOException {
    RunFolder files = folder(folder);
    if (!isFirst()) {
      try (AdamW optimizer = newOptimizer()) {
        meet();
        files.requireSeen();
        return new Run(files, optimizer, null, begin(optimizer), interrupted).run();
      }
    }
    files.create();
    try {
      try (AdamW optimizer = newOptimizer();
          MetricsLog log = MetricsLog.create(files.metrics())) {
        meet();
        return new Run(files, optimizer, log, begin(optimizer), interrupted).run();
      }
    } catch (IOException | RuntimeException | Error failure) {
      discardIfEmpty(files, failure);
      throw failure;
    }
  }

  /** Whether this rank is of the copy of the model that is written. */
  private boolean isOfFirstCopy() {
    return ranks == null || ranks.data().rank() == 0;
  }

  private static void discardIfEmpty(RunFolder files, Throwable failure) {
    try {
      files.discardIfEmpty();
    } catch (IOException second) {
      failure.addSuppressed(second);
    }
  }

  /** Where a run begins: at its first step, or where another one is. */
  private RunState begin(AdamW optimizer) throws IOException {
    int step = 0;
    if (origin != null) {
      RunFolder.restore(model.parameters(), optimizer, origin);
      step = Math.toIntExact(origin.run().iteration());
    }
    return new RunState(step, step, optimizer.updates(), 0, Map.of(), 0, 0, 0, fingerprint());
  }

  /**
   * Goes on with the run in a folder, from its last checkpoint. A run that ended before its first
   * one begins anew.
   *
   * @throws IOException if there is no run, its checkpoint is damaged, or it is of another run
   */
  public TrainingResult resume(Path folder) throws IOException {
    return interruptible(interrupted -> resume(folder, interrupted));
  }

  private TrainingResult resume(Path folder, AtomicBoolean interrupted) throws IOException {
    RunFolder files = folder(folder);
    try (AdamW optimizer = newOptimizer()) {
      RunState state =
          files.hasOnlyBegun()
              ? begin(optimizer)
              : files.restore(model.parameters(), optimizer, fingerprint());
      if (ranks != null) {
        Ranks.requireSame(ranks.world(), "checkpoints", "step " + state.step());
      }
      if (!isFirst()) {
        return new Run(files, optimizer, null, state, interrupted).run();
      }
      try (MetricsLog log = MetricsLog.resume(files.metrics(), state.step())) {
        return new Run(files, optimizer, log, state, interrupted).run();
      }
    }
  }

  /** What must be the same when a run goes on. */
  private String fingerprint() {
    return model.model().className()
        + " in "
        + backend.precision().optionName()
        + ", "
        + data.description()
        + ", batch size "
        + options.batchSize()
        + " x "
        + options.accumulate()
        + ", "
        + options.steps(data.size())
        + " steps, seed "
        + options.seed()
        + ", "
        + options.optimizer()
        + ", "
        + schedule
        + ", warm-up ratio "
        + options.warmupRatio()
        + ", dropout "
        + options.dropout()
        + ", label smoothing "
        + options.labelSmoothing()
        + ", shuffled "
        + options.shuffle()
        + ", frozen parameters "
        + model.parameters().frozenCount();
  }

  /** One part of a run, in one process. */
  private final class Run {
    private final RunFolder files;
    private final AdamW optimizer;

    /** Null but on the first rank. */
    private final @Nullable MetricsLog log;

    private RunState state;
    private final AtomicBoolean interrupted;
    private Timeline timeline = Timeline.OFF;
    private final long begin = System.nanoTime();
    private final long tokensBefore;

    Run(
        RunFolder files,
        AdamW optimizer,
        @Nullable MetricsLog log,
        RunState state,
        AtomicBoolean interrupted) {
      this.files = files;
      this.optimizer = optimizer;
      this.log = log;
      this.state = state;
      this.interrupted = interrupted;
      tokensBefore = state.tokens();
    }

    TrainingResult run() throws IOException {
      try (TimelineFile timelines = TimelineFile.begin(trace, ranks)) {
        timeline = timelines.timeline();
        StepGradients gradients =
            new StepGradients(model, options.recompute(), ranks, dataParallel, timeline);
        TrainingResult result;
        try {
          result = train(gradients);
        } catch (IOException | RuntimeException | Error failure) {
          gradients.abandon(failure);
          throw failure;
        }
        timelines.write();
        return result;
      }
    }

    private TrainingResult train(StepGradients gradients) throws IOException {
      int steps = options.steps(data.size());
      listeners.forEach(listener -> listener.begun(state.step(), steps));
      boolean ended = isPatienceGone();
      while (state.step() < steps && !ended && !isStopped()) {
        try (Timeline.Open _ = timeline.begin(Lane.STEP, "step", state.step() + 1)) {
          step(gradients);
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
      boolean isComplete = ended || state.step() == steps;
      if (!isComplete) {
        save();
      }
      if (evaluator == null) {
        saveBest();
      } else if (isComplete) {
        files.restoreBest(model.parameters());
      }
      meet();
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

    private boolean isStopped() {
      return Ranks.any(world(), stopped || interrupted.get());
    }

    /** Whether a number of steps has passed; 0 stands for an epoch. */
    private boolean isDue(int every) {
      int period = every > 0 ? every : options.stepsPerEpoch(data.size());
      return state.step() % period == 0;
    }

    private void step(StepGradients gradients) throws IOException {
      long start = System.nanoTime();
      int step = state.step();
      int stepsPerEpoch = options.stepsPerEpoch(data.size());
      int epoch = step / stepsPerEpoch;
      int first = step % stepsPerEpoch * options.examplesPerStep();
      int end = Math.min(data.size(), first + options.examplesPerStep());
      int parts = Math.ceilDiv(end - first, options.batchSize());
      PartOffsets offsets = new PartOffsets(model.model().config(), options, step);
      List<MicroBatch> own = new ArrayList<>();
      for (int part = 0; part < parts; part++) {
        int from = first + part * options.batchSize();
        int to = Math.min(end, from + options.batchSize());
        try (Timeline.Open _ = timeline.begin(Lane.DATA, "micro-batch", part)) {
          Dataset.Part examples = data.batch(epoch, order.examples(epoch, from, to));
          Regularization with = offsets.next(examples.batch());
          if (gradients.isOwn(part)) {
            own.add(new MicroBatch(examples.batch(), examples.labels(), with));
          }
        }
      }
      double loss = gradients.compute(own, parts);
      requireFinite(loss, "loss");
      double gradNorm;
      try (Timeline.Open _ = timeline.begin(Lane.OPTIMIZER, "update");
          Computation computation = backend.begin()) {
        gradNorm = optimizer.step(computation, schedule.factor(step));
        computation.finish();
      }
      requireFinite(gradNorm, "gradient norm");
      state =
          new RunState(
              state.firstStep(),
              step + 1,
              optimizer.updates(),
              state.bestStep(),
              state.bestMetrics(),
              state.evaluationsSinceBest(),
              state.lossSum() + loss,
              state.tokens() + offsets.tokens(),
              state.fingerprint());
      MetricsLine.Step line =
          new MetricsLine.Step(
              step + 1,
              (step + 1.0) / stepsPerEpoch * data.passes(),
              loss,
              schedule.rate(options.optimizer().learningRate(), step),
              gradNorm,
              offsets.tokens() / ((System.nanoTime() - start) * 1e-9));
      append(line);
      listeners.forEach(listener -> listener.stepped(line));
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
      if (evaluator == null) {
        return false;
      }
      Map<String, Double> metrics;
      try (Timeline.Open _ = timeline.begin(Lane.AROUND, "evaluation")) {
        metrics = new LinkedHashMap<>(evaluator.evaluate(model.model()));
      }
      Double value = metrics.get(bestMetric);
      if (value == null) {
        throw new IllegalArgumentException(
            "there is no metric \"" + bestMetric + "\"; there are " + metrics.keySet());
      }
      Double best = state.bestMetrics().get(bestMetric);
      boolean isBest = best == null || (higherIsBetter ? value > best : value < best);
      state =
          new RunState(
              state.firstStep(),
              state.step(),
              state.updates(),
              isBest ? state.step() : state.bestStep(),
              isBest ? metrics : state.bestMetrics(),
              isBest ? 0 : state.evaluationsSinceBest() + 1,
              state.lossSum(),
              state.tokens(),
              state.fingerprint());
      if (isBest) {
        saveBest();
      }
      MetricsLine.Evaluation line =
          new MetricsLine.Evaluation(state.step(), MetricsLine.Split.VALIDATION, metrics);
      append(line);
      listeners.forEach(listener -> listener.evaluated(line, isBest));
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
        if (isOfFirstCopy()) {
          Checkpoint whole = model.parameters().whole();
          if (isFirst()) {
            files.saveBest(whole);
          }
        }
        meet();
      }
    }

    private void save() throws IOException {
      // Only the first rank's folder tells, and all must agree on who gives and who writes.
      if (Ranks.any(world(), isFirst() && !files.has(state.step()))) {
        try (Timeline.Open _ = timeline.begin(Lane.AROUND, "checkpoint")) {
          saveParts();
        }
      }
    }

    private void saveParts() throws IOException {
      if (log != null) {
        log.force();
      }
      Path saved = checkpoints().save(files, optimizer, state);
      if (saved != null) {
        listeners.forEach(listener -> listener.saved(saved));
      }
    }
  }
}
