// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.RankOptions;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parameters.ModelSizes;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelKind;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.task.CausalLanguageModelTask;
import io.github.megabert.train.task.ClassificationTask;
import io.github.megabert.train.task.FineTuning;
import io.github.megabert.train.task.FineTuningTask;
import io.github.megabert.train.task.MaskedLanguageModelTask;
import io.github.megabert.train.task.MultipleChoiceTask;
import io.github.megabert.train.task.NextSentenceTask;
import io.github.megabert.train.task.QuestionAnsweringTask;
import io.github.megabert.train.task.StartingModel;
import io.github.megabert.train.task.TokenClassificationTask;
import io.github.megabert.train.task.TrainingOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code megabert finetune}. */
@Command(
    name = "finetune",
    mixinStandardHelpOptions = true,
    description = "Trains a model for a task and saves a folder that the other commands take.",
    footer = {
      "",
      "The output folder holds the model at its best, metrics.jsonl, report.html and checkpoints.",
      "Ctrl-C ends the run after its step, with a whole checkpoint and exit code 130; --resume,"
          + " with",
      "the same options, goes on to the same result, even after a kill.",
      "",
      "Examples:",
      "  megabert finetune --task classify --train train.tsv --validation dev.tsv --output"
          + " my-model",
      "  megabert finetune --task ner --train train.conll --test test.conll --output my-model"
          + " --json",
      "  megabert classify --model my-model \"What a wonderful hotel!\""
    })
public final class FinetuneCommand implements Callable<Integer> {
  @Mixin private StartOptions start = new StartOptions();
  @Mixin private TrainingFiles files = new TrainingFiles();
  @Mixin private ExampleOptions optimization = new ExampleOptions();
  @Mixin private FreezeOption freeze = new FreezeOption();
  @Mixin private RankOptions ranks = new RankOptions();
  @Mixin private TensorBoardOption tensorBoard = new TensorBoardOption();
  @Mixin private TraceOption trace = new TraceOption();
  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--task",
      paramLabel = "TASK",
      required = true,
      converter = TrainingTask.Names.class,
      completionCandidates = TrainingTask.Names.class,
      description = "classify, ner, answer, choose, next-sentence, mlm or clm.")
  private TrainingTask task = TrainingTask.CLASSIFY;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "The run's folder: a new or empty one, or with --resume that of the run.")
  private Path output = Path.of("");

  @Option(names = "--resume", description = "Go on with the run in the folder.")
  private boolean resume;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of a text. Default: what the model takes.")
  private @Nullable Integer maxLength;

  @Option(
      names = "--best",
      paramLabel = "METRIC",
      description =
          "What tells the best model: loss, accuracy, f1_macro, f1, exact_match, … Default: what"
              + " fits the task.")
  private @Nullable String best;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    files.requireUsedBy(task);
    optimization.requireConsistent(files.validation() != null);
    WrongUsage.unless(
        best == null || files.validation() != null,
        "--best chooses among validations: name the data with --validation");
    WrongUsage.unless(
        !resume || Files.isDirectory(output), "--resume: there is no folder of a run at " + output);
    if (!task.hasSmoothLabels()) {
      optimization.refuseLabelSmoothing("--task " + task.optionName());
    }
    ranks.requireWork(
        optimization.accumulate(ranks.plan().data()), "raise --accumulate and lower --batch-size");
    start.device().requireUsed();
    TrainingSession session =
        new TrainingSession(
            task.optionName(), output, start.name(), start.device().backend(), tensorBoard);
    try (Checkpoint checkpoint = start.open()) {
      return session.call(listeners -> train(checkpoint, listeners), json, spec);
    }
  }

  private TrainingOutcome train(Checkpoint checkpoint, List<TrainingListener> listeners)
      throws IOException {
    FineTuning<?> tuning =
        tuning(checkpoint)
            .options(optimization.options(ranks.plan().data()))
            .freeze(freeze.frozen(names(checkpoint)));
    if (trace.file() != null) {
      tuning.trace(trace.file());
    }
    ParallelGroups groups = ranks.groups();
    if (groups != null) {
      tuning
          .ranks(groups)
          .stagesPerRank(ranks.stagesPerRank())
          .sequenceParallel(ranks.sequenceParallel())
          .dataParallel(ranks.dataParallel());
    }
    listeners.forEach(tuning::listener);
    if (maxLength != null) {
      tuning.maxLength(maxLength);
    }
    if (best != null) {
      tuning.best(best);
    }
    return resume ? tuning.resume(output) : tuning.run(output);
  }

  /** The names of all parameters of the model that is trained. */
  private Set<String> names(Checkpoint checkpoint) {
    ModelSizes sizes = new StartingModel(checkpoint).config().sizes();
    return ParameterTable.of(sizes, task.modelClass()).names();
  }

  private FineTuning<?> tuning(Checkpoint checkpoint) throws IOException {
    Columns columns = files.columns();
    return switch (task) {
      case CLASSIFY -> {
        LabelKind kind =
            ClassificationTask.labelKind(new StartingModel(checkpoint), files.train(), columns);
        if (kind != LabelKind.LABEL) {
          optimization.refuseLabelSmoothing(
              kind == LabelKind.VALUE ? "labels that are numbers" : "several labels a text");
        }
        yield texts(ClassificationTask::of, checkpoint, kind);
      }
      case NER ->
          tuning(
              TokenClassificationTask::of,
              checkpoint,
              file -> () -> TrainingData.words(file, columns));
      case ANSWER ->
          tuning(QuestionAnsweringTask::of, checkpoint, file -> () -> TrainingData.questions(file));
      case CHOOSE ->
          tuning(MultipleChoiceTask::of, checkpoint, file -> () -> TrainingData.choices(file));
      case NEXT_SENTENCE -> texts(NextSentenceTask::of, checkpoint, LabelKind.LABEL);
      case MLM -> texts(MaskedLanguageModelTask::of, checkpoint, LabelKind.NONE);
      case CLM -> texts(CausalLanguageModelTask::of, checkpoint, LabelKind.NONE);
    };
  }

  private FineTuning<LabelledText> texts(
      FineTuningTask.Factory<LabelledText> factory, Checkpoint checkpoint, LabelKind kind)
      throws IOException {
    Columns columns = files.columns();
    return tuning(factory, checkpoint, file -> () -> TrainingData.texts(file, columns, kind));
  }

  private <E extends Example> FineTuning<E> tuning(
      FineTuningTask.Factory<E> factory,
      Checkpoint checkpoint,
      Function<Path, ExampleSource<E>> read)
      throws IOException {
    FineTuning<E> tuning = start.tuning(factory, checkpoint).train(read.apply(files.train()));
    if (files.validation() != null) {
      tuning.validate(read.apply(files.validation()));
    }
    if (files.test() != null) {
      tuning.test(read.apply(files.test()));
    }
    return tuning;
  }
}
