// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.file.Interruptible;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.train.CheckpointFormat;
import io.github.megabert.train.DataParallelOptions;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.Trainer;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.TrainingResult;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A run whose data and model are there: it trains, evaluates the best model, and logs the test.
 *
 * @param model what training begins with
 * @param goesOn whether it goes on with the run of Megatron-LM that the model is of
 * @param load the class, and whether a missing head begins with random weights
 * @param frozen which parameters stay as they are
 * @param best the metric that tells the best model
 * @param alongside files that are copied beside every model that is saved
 * @param listeners of this rank
 * @param ranks those that train together; null where one trains alone
 * @param dataParallel how copies of the model train together
 * @param trace a file for a timeline; null for none
 */
record PreparedRun(
    Checkpoint model,
    boolean goesOn,
    LoadOptions load,
    Predicate<ParameterSpec> frozen,
    Dataset data,
    TrainingOptions options,
    CheckpointFormat format,
    Metric best,
    @Nullable TaskEvaluator validating,
    @Nullable TaskEvaluator testing,
    Map<String, Path> alongside,
    List<TrainingListener> listeners,
    @Nullable ParallelGroups ranks,
    DataParallelOptions dataParallel,
    @Nullable Path trace) {
  private static final int WORST_EXAMPLES = 20;

  /** {@link Trainer#run} or {@link Trainer#resume}. */
  @FunctionalInterface
  interface Start {
    /** Begins or goes on. */
    TrainingResult start(Trainer trainer, Path output) throws IOException;
  }

  /** Trains in a folder. An interrupt of this thread ends the run after its step. */
  TrainingOutcome train(String backend, BackendOptions backendOptions, Path output, Start start)
      throws IOException {
    if (ranks != null) {
      RankAgreement.require(this, ranks.world());
    }
    try (Backend computing = Backends.open(backend, backendOptions);
        TrainableModel trainable = TrainableModel.load(model, computing, divided(), frozen)) {
      Trainer trainer =
          new Trainer(trainable, data, options)
              .alongside(alongside)
              .checkpoints(format)
              .trace(trace);
      if (goesOn) {
        trainer.goOnFrom(model);
      }
      if (ranks != null) {
        RankAgreement.requireTrained(trainable.parameters().trained(), ranks.world());
        trainer.ranks(ranks).dataParallel(dataParallel);
      }
      listeners.forEach(trainer::listener);
      if (validating != null) {
        trainer.evaluator(validating, best.name(), best.isHigherBetter());
      }
      TrainingResult result = start.start(trainer, output);
      return Interruptible.call(
          "megabert-evaluation", () -> {}, () -> finish(result, output, trainable));
    }
  }

  private LoadOptions divided() {
    if (ranks == null) {
      return load;
    }
    LoadOptions tensor =
        ranks.plan().tensor() == 1 ? load : load.withTensorParallel(ranks.tensor());
    return tensor.withPipelineParallel(ranks.pipeline(), load.stagesPerRank());
  }

  private boolean isFirst() {
    return ranks == null || ranks.world().rank() == 0;
  }

  private TrainingOutcome finish(TrainingResult result, Path output, TrainableModel trainable)
      throws IOException {
    if (!result.isComplete()) {
      return new TrainingOutcome(result, null, null);
    }
    Evaluation validated =
        validating == null ? null : validating.evaluate(trainable.model(), WORST_EXAMPLES);
    Evaluation tested =
        testing == null ? null : testing.evaluate(trainable.model(), WORST_EXAMPLES);
    if (tested != null && isFirst()) {
      MetricsLine.Evaluation line =
          new MetricsLine.Evaluation(result.bestStep(), MetricsLine.Split.TEST, tested.metrics());
      try (MetricsLog log = MetricsLog.resume(output.resolve("metrics.jsonl"), Long.MAX_VALUE)) {
        log.append(line);
      }
      listeners.forEach(listener -> listener.evaluated(line, false));
    }
    return new TrainingOutcome(result, validated, tested);
  }
}
