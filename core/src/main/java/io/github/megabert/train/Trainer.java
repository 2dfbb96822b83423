// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.Interruptible;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.train.log.MetricsLog;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
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
  private final Dataset data;
  private TrainingOptions options;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private Schedule schedule;
  private @Nullable Validation validation;
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
    schedule = options.schedule(data.size());
  }

  /**
   * Sets how the model is evaluated, and which metric selects the best one.
   *
   * @param metric one that the evaluator gives
   * @param isHigherBetter whether more of it is better
   */
  public Trainer evaluator(Evaluator evaluation, String metric, boolean isHigherBetter) {
    validation = new Validation(evaluation, metric, isHigherBetter);
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
    model.parameters().share().requirePipelineOf(groups.plan().pipeline());
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

  /** Ends the run after the step under way; may be called from another thread. */
  public void stop() {
    stopped = true;
  }

  /**
   * Begins a run.
   *
   * @param folder new or empty
   * @throws IllegalArgumentException if the model was loaded for several pipeline stages, and no
   *     ranks are set
   * @throws TrainingException if the loss is no longer finite, or the device fails
   * @throws IOException if the folder holds something, or cannot be written
   */
  public TrainingResult run(Path folder) throws IOException {
    return interruptible(isStopped -> run(folder, settings(), isStopped));
  }

  /**
   * Goes on with the run in a folder, from its last checkpoint. A run that ended before its first
   * one begins anew.
   *
   * @throws IOException if there is no run, its checkpoint is damaged, or it is of another run
   */
  public TrainingResult resume(Path folder) throws IOException {
    return interruptible(isStopped -> resume(folder, settings(), isStopped));
  }

  private RunSettings settings() {
    if (ranks == null) {
      model.parameters().share().requirePipelineOf(1);
    }
    return new RunSettings(
        model,
        data,
        options,
        schedule,
        validation,
        listeners,
        new TrainingRanks(ranks, dataParallel),
        format);
  }

  /** A run, or the rest of one, which ends soon when it is told to. */
  private interface Part {
    TrainingResult run(BooleanSupplier isStopped) throws IOException;
  }

  private TrainingResult interruptible(Part part) throws IOException {
    AtomicBoolean interrupted = new AtomicBoolean();
    return Interruptible.call(
        "megabert-training",
        () -> interrupted.set(true),
        () -> part.run(() -> stopped || interrupted.get()));
  }

  /** A run's folder; what cannot be written as Megatron-LM's ranks is refused now. */
  private RunFolder folder(Path path, RunSettings settings) throws IOException {
    settings.checkpoints().requireExpressible();
    return new RunFolder(path, alongside, format);
  }

  private TrainingResult run(Path folder, RunSettings settings, BooleanSupplier isStopped)
      throws IOException {
    RunFolder files = folder(folder, settings);
    TrainingRanks all = settings.ranks();
    if (!all.isFirst()) {
      try (AdamW optimizer = settings.newOptimizer()) {
        all.meet();
        files.requireSeen();
        return run(settings, files, optimizer, null, begin(settings, optimizer), isStopped);
      }
    }
    files.create();
    try (AdamW optimizer = settings.newOptimizer();
        MetricsLog log = MetricsLog.create(files.metrics())) {
      all.meet();
      return run(settings, files, optimizer, log, begin(settings, optimizer), isStopped);
    } catch (IOException | RuntimeException | Error failure) {
      discardIfEmpty(files, failure);
      throw failure;
    }
  }

  private static void discardIfEmpty(RunFolder files, Throwable failure) {
    try {
      files.discardIfEmpty();
    } catch (IOException second) {
      failure.addSuppressed(second);
    }
  }

  /** Where a run begins: at its first step, or where another one is. */
  private RunState begin(RunSettings settings, AdamW optimizer) throws IOException {
    int step = 0;
    if (origin != null) {
      RunFolder.restore(model.parameters(), optimizer, origin);
      step = Math.toIntExact(origin.run().iteration());
    }
    return RunState.atStep(step, optimizer.updates(), settings.fingerprint());
  }

  private TrainingResult resume(Path folder, RunSettings settings, BooleanSupplier isStopped)
      throws IOException {
    RunFolder files = folder(folder, settings);
    try (AdamW optimizer = settings.newOptimizer()) {
      RunState state =
          files.hasOnlyBegun()
              ? begin(settings, optimizer)
              : files.restore(model.parameters(), optimizer, settings.fingerprint());
      if (ranks != null) {
        Ranks.requireSame(ranks.world(), "checkpoints", "step " + state.step());
      }
      if (!settings.ranks().isFirst()) {
        return run(settings, files, optimizer, null, state, isStopped);
      }
      try (MetricsLog log = MetricsLog.resume(files.metrics(), state.step())) {
        return run(settings, files, optimizer, log, state, isStopped);
      }
    }
  }

  private TrainingResult run(
      RunSettings settings,
      RunFolder files,
      AdamW optimizer,
      @Nullable MetricsLog log,
      RunState state,
      BooleanSupplier isStopped)
      throws IOException {
    try (TimelineFile timelines = TimelineFile.begin(trace, ranks)) {
      TrainingResult result =
          new TrainingRun(settings, files, optimizer, log, state, isStopped, timelines.timeline())
              .run();
      timelines.write();
      return result;
    }
  }
}
