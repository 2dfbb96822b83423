// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.RankOptions;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.train.CheckpointFormat;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.task.PreTraining;
import io.github.megabert.train.task.TrainingOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code megabert pretrain}. */
@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    description = "Trains a model on nothing but text, and saves a folder that others take.",
    footer = {
      "",
      "Samples are those that Megatron-LM draws from the same corpus with the same seed.",
      "Ctrl-C ends the run after its step, with a whole checkpoint and exit code 130; --resume,"
          + " with",
      "the same options, goes on to the same result, even after a kill.",
      "",
      "Examples:",
      "  megabert preprocess --input books.txt --split-sentences --output corpus",
      "  megabert pretrain --data corpus --config mini --seq-length 128 --steps 10000 --output"
          + " my-model",
      "  megabert fill-mask --model my-model \"a dog is an [MASK].\""
    })
public final class PretrainCommand implements Callable<Integer> {
  private static final double DEFAULT_RATE = 1e-4;
  private static final int DEFAULT_BATCH = 32;
  private static final int DEFAULT_PERIOD = 1000;

  @Mixin private CorpusOptions corpus = new CorpusOptions();
  @Mixin private PretrainStart start = new PretrainStart();
  @Mixin private TrainingDevice device = new TrainingDevice();
  @Mixin private OptimizationOptions optimization = new OptimizationOptions();
  @Mixin private RankOptions ranks = new RankOptions();
  @Mixin private TensorBoardOption tensorBoard = new TensorBoardOption();
  @Mixin private TraceOption trace = new TraceOption();
  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "The run's folder: a new or empty one, or with --resume that of the run.")
  private Path output = Path.of("");

  @Option(names = "--resume", description = "Go on with the run in the folder.")
  private boolean resume;

  @Option(
      names = "--steps",
      paramLabel = "N",
      required = true,
      converter = Numbers.AtLeastOne.class,
      description = "Steps of the run.")
  private int steps;

  @Option(
      names = "--micro-batch-size",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Samples computed together. Default: 32.")
  private int microBatch = DEFAULT_BATCH;

  @Option(
      names = "--global-batch-size",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Samples a step, a multiple of the micro-batch. Default: a micro-batch for each copy of the"
              + " model.")
  private @Nullable Integer globalBatch;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      converter = Numbers.Positive.class,
      description = "The highest learning rate. Default: 1e-4.")
  private double learningRate = DEFAULT_RATE;

  @Option(
      names = "--evaluation-samples",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Samples of an evaluation at most. Default: 1024.")
  private @Nullable Integer evaluationSamples;

  @Option(
      names = "--best",
      paramLabel = "METRIC",
      description =
          "What tells the best model: loss, accuracy, perplexity, sentence_order_accuracy, …"
              + " Default: loss.")
  private @Nullable String best;

  @Option(
      names = "--save-as",
      paramLabel = "FORMAT",
      description =
          "How checkpoints are written: huggingface, or as ranks with which Megatron-LM goes on:"
              + " megatron in the names of its own model, megatron-core in those of Megatron core's."
              + " The model at its best is a Hugging Face folder always. Default: huggingface.")
  private CheckpointFormat format = CheckpointFormat.HUGGINGFACE;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    corpus.requireConsistent();
    start.requireConsistent();
    start.requireOwnNumbers(given());
    DataSplit split = corpus.split() == null ? DataSplit.DEFAULT : corpus.split();
    boolean isValidated = split.validation() > 0;
    optimization.requireConsistent(isValidated, "--split");
    WrongUsage.unless(
        best == null || isValidated,
        "--best chooses among validations: --split has no documents for them");
    WrongUsage.unless(
        evaluationSamples == null || isValidated || split.test() > 0,
        "--evaluation-samples is for validations: --split has no documents for them");
    WrongUsage.unless(
        !resume || Files.isDirectory(output), "--resume: there is no folder of a run at " + output);
    WrongUsage.unless(
        optimization.seed() > 0, "--seed 0: samples need a seed of at least 1, as in Megatron-LM");
    TrainingOptions options = options();
    device.requireUsed();
    TrainingSession session =
        new TrainingSession(
            corpus.objective().optionName(), output, start.name(), device.backend(), tensorBoard);
    PreTraining training =
        start
            .training(corpus.sequenceLength())
            .objective(corpus.objective())
            .samples(corpus.samples(optimization.seed()))
            .split(split)
            .options(options)
            .checkpoints(format)
            .backend(device.backend(), device.options());
    if (evaluationSamples != null) {
      training.evaluationSamples(evaluationSamples);
    }
    if (best != null) {
      training.best(best);
    }
    if (trace.file() != null) {
      training.trace(trace.file());
    }
    ParallelGroups groups = ranks.groups();
    if (groups != null) {
      training
          .ranks(groups)
          .stagesPerRank(ranks.stagesPerRank())
          .sequenceParallel(ranks.sequenceParallel())
          .dataParallel(ranks.dataParallel());
    }
    try (Corpora corpora = corpus.open()) {
      return session.call(listeners -> train(training, corpora, listeners), json, spec);
    }
  }

  /** The names of the options that the command line has. */
  private List<String> given() {
    return spec.commandLine().getParseResult().matchedOptions().stream()
        .map(option -> option.longestName())
        .toList();
  }

  private TrainingOutcome train(
      PreTraining training, Corpora corpora, List<TrainingListener> listeners) throws IOException {
    listeners.forEach(training::listener);
    return resume ? training.resume(corpora, output) : training.run(corpora, output);
  }

  private TrainingOptions options() {
    long least = (long) microBatch * ranks.plan().data();
    WrongUsage.unless(
        least <= Integer.MAX_VALUE,
        "--micro-batch-size " + microBatch + " for each copy is more than 2^31 samples");
    int global = globalBatch == null ? (int) least : globalBatch;
    WrongUsage.unless(
        global % microBatch == 0,
        "--global-batch-size " + global + " is no multiple of --micro-batch-size " + microBatch);
    ranks.requireWork(global / microBatch, "raise --global-batch-size or lower --micro-batch-size");
    WrongUsage.unless(
        (long) steps * global <= Integer.MAX_VALUE,
        "--steps " + steps + " of " + global + " samples each are more than 2^31 samples");
    return optimization.options(
        0, steps, microBatch, global / microBatch, learningRate, 0, false, DEFAULT_PERIOD);
  }
}
