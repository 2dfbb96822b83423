// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.CheckpointFormat;
import io.github.megabert.train.DataParallelOptions;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.Trainer;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.ChoiceExample;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.QuestionExample;
import io.github.megabert.train.data.TaggedWords;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model for a task and saves a folder that {@code MegaBert.load} opens.
 *
 * <pre>{@code
 * List<LabelledText> records =
 *     List.of(new LabelledText("a fine film", "good"), new LabelledText("a dull film", "bad"));
 * FineTuning.classifier(Path.of("my-model")).train(records).run(Path.of("my-classifier"));
 * try (MegaBert bert = MegaBert.load(Path.of("my-classifier"))) {
 *   System.out.println(bert.textClassification().apply("what a film").best());
 * }
 * }</pre>
 *
 * <p>A model with the task's head continues with it; any other model begins with a random one. An
 * interrupt of the thread that runs ends the run after the step under way, with a checkpoint to
 * {@link #resume} from. For one thread.
 *
 * @param <E> the kind of examples
 */
public final class FineTuning<E extends Example> {
  private final FineTuningTask.Factory<E> factory;
  private final ModelFiles files;
  private @Nullable ExampleSource<E> train;
  private @Nullable ExampleSource<E> validation;
  private @Nullable ExampleSource<E> test;
  private TrainingOptions options = TrainingOptions.DEFAULT;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private String backend = Backends.AUTO;
  private BackendOptions backendOptions = BackendOptions.DEFAULT;
  private Predicate<ParameterSpec> frozen = parameter -> false;
  private int maxLength;
  private int stride = -1;
  private @Nullable String bestMetric;
  private @Nullable ParallelGroups ranks;
  private boolean sequenceParallel;
  private int stagesPerRank = 1;
  private DataParallelOptions dataParallel = DataParallelOptions.DEFAULT;
  private @Nullable Path trace;

  private FineTuning(FineTuningTask.Factory<E> factory, ModelFiles files) {
    this.factory = factory;
    this.files = files;
  }

  /**
   * Any task, beginning with a model of any known format.
   *
   * @param model a folder or file, as {@code MegaBert.load} takes it
   */
  public static <E extends Example> FineTuning<E> of(FineTuningTask.Factory<E> task, Path model) {
    return new FineTuning<>(task, ModelFiles.at(model, null));
  }

  /**
   * Any task, with a tokenizer that is not beside the model.
   *
   * @param tokenizer a folder, {@code vocab.txt} or {@code tokenizer.json}
   */
  public static <E extends Example> FineTuning<E> of(
      FineTuningTask.Factory<E> task, Path model, Path tokenizer) {
    return new FineTuning<>(task, ModelFiles.at(model, tokenizer));
  }

  /**
   * Any task, beginning with a checkpoint that is open, such as {@code MegaBert.demoCheckpoint()}.
   * The caller closes it.
   */
  public static <E extends Example> FineTuning<E> of(
      FineTuningTask.Factory<E> task, Checkpoint model, BertTokenizer tokenizer) {
    return new FineTuning<>(task, ModelFiles.of(model, tokenizer));
  }

  /** Classes of texts or pairs: one or several a text, or a number. */
  public static FineTuning<LabelledText> classifier(Path model) {
    return of(ClassificationTask::of, model);
  }

  /** Tags of words, such as names. */
  public static FineTuning<TaggedWords> tokenClassifier(Path model) {
    return of(TokenClassificationTask::of, model);
  }

  /** Answers in texts. */
  public static FineTuning<QuestionExample> questionAnswerer(Path model) {
    return of(QuestionAnsweringTask::of, model);
  }

  /** Which of several continuations fits. */
  public static FineTuning<ChoiceExample> multipleChoice(Path model) {
    return of(MultipleChoiceTask::of, model);
  }

  /** Whether a text continues another; see {@link NextSentenceTask} for the labels. */
  public static FineTuning<LabelledText> nextSentence(Path model) {
    return of(NextSentenceTask::of, model);
  }

  /** Masked words in texts. */
  public static FineTuning<LabelledText> maskedLanguageModel(Path model) {
    return of(MaskedLanguageModelTask::of, model);
  }

  /** The next word in texts. */
  public static FineTuning<LabelledText> causalLanguageModel(Path model) {
    return of(CausalLanguageModelTask::of, model);
  }

  /** Sets the training examples. */
  public FineTuning<E> train(List<? extends E> examples) {
    return train(ExampleSource.of("the training data", examples));
  }

  /** Sets the training examples. They are read several times. */
  public FineTuning<E> train(ExampleSource<E> examples) {
    train = examples;
    return this;
  }

  /** Sets the examples that select the best model. Without them the last model is saved. */
  public FineTuning<E> validate(List<? extends E> examples) {
    return validate(ExampleSource.of("the validation data", examples));
  }

  /** Sets the examples that select the best model. Without them the last model is saved. */
  public FineTuning<E> validate(ExampleSource<E> examples) {
    validation = examples;
    return this;
  }

  /** Sets the examples that measure the best model at the end. */
  public FineTuning<E> test(List<? extends E> examples) {
    return test(ExampleSource.of("the test data", examples));
  }

  /** Sets the examples that measure the best model at the end. */
  public FineTuning<E> test(ExampleSource<E> examples) {
    test = examples;
    return this;
  }

  /** Sets the options of training; the default is {@link TrainingOptions#DEFAULT}. */
  public FineTuning<E> options(TrainingOptions value) {
    options = value;
    return this;
  }

  /** Adds a listener, which hears of the run on a thread of the run's own. */
  public FineTuning<E> listener(TrainingListener listener) {
    listeners.add(listener);
    return this;
  }

  /** Sets the backend; the default is the best one that is available. */
  public FineTuning<E> backend(String name, BackendOptions value) {
    backend = name;
    backendOptions = value;
    return this;
  }

  /** Sets which parameters stay as they are; the default is none. */
  public FineTuning<E> freeze(Predicate<ParameterSpec> which) {
    frozen = which;
    return this;
  }

  /**
   * Sets the most tokens of a text or pair, special tokens included. Longer texts are cut; those
   * that tokens, answers or language models are learnt from are divided instead. The default is
   * what model and tokenizer take, for questions at most 384.
   */
  public FineTuning<E> maxLength(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException("the greatest length must be positive, not " + tokens);
    }
    maxLength = tokens;
    return this;
  }

  /** Sets how many tokens a window over a context repeats of the one before. */
  public FineTuning<E> stride(int tokens) {
    if (tokens < 0) {
      throw new IllegalArgumentException("the stride must not be negative: " + tokens);
    }
    stride = tokens;
    return this;
  }

  /** Sets the metric that selects the best model, in place of the task's own. */
  public FineTuning<E> best(String metric) {
    bestMetric = metric;
    return this;
  }

  /**
   * Makes it one of several ranks that train together; each runs one with the same data, options
   * and folder. The passes of a step ({@link TrainingOptions#accumulate}) are divided among the
   * data-parallel ranks, the layers among the pipeline-parallel ones, and every layer among the
   * tensor-parallel ones. Each rank tells its listeners; the first writes. Ranks with other
   * options, data or another model are refused.
   */
  public FineTuning<E> ranks(ParallelGroups groups) {
    ranks = groups;
    return this;
  }

  /**
   * Sets whether tensor-parallel ranks divide the tokens as well; see {@link
   * LoadOptions#sequenceParallel}.
   */
  public FineTuning<E> sequenceParallel(boolean value) {
    sequenceParallel = value;
    return this;
  }

  /**
   * Sets how many stages each pipeline-parallel rank has; see {@link LoadOptions#stagesPerRank}.
   */
  public FineTuning<E> stagesPerRank(int value) {
    stagesPerRank = value;
    return this;
  }

  /** Sets how copies of the model train together. */
  public FineTuning<E> dataParallel(DataParallelOptions value) {
    dataParallel = value;
    return this;
  }

  /** Sets a file for a timeline of the run; see {@link Trainer#trace}. */
  public FineTuning<E> trace(Path file) {
    trace = file;
    return this;
  }

  /**
   * Trains.
   *
   * @param output a new or empty folder for the model, its metrics and its checkpoints
   * @throws io.github.megabert.train.data.TrainingDataException if an example does not fit; it says
   *     where that stands and why
   * @throws io.github.megabert.train.TrainingException if the loss is no longer finite, or the
   *     device fails
   * @throws IllegalArgumentException if the model does not fit the task, or a metric is unknown
   * @throws IOException if the model cannot be read or the folder not be written
   */
  public TrainingOutcome run(Path output) throws IOException {
    return train(output, Trainer::run);
  }

  /**
   * Goes on with a run from its last checkpoint, to the same result as if it had not been stopped.
   * Model, data and options must be those that it began with.
   *
   * @throws IOException as {@link #run}, or if there is no checkpoint
   */
  public TrainingOutcome resume(Path output) throws IOException {
    return train(output, Trainer::resume);
  }

  private TrainingOutcome train(Path output, PreparedRun.Start start) throws IOException {
    if (train == null) {
      throw new IllegalStateException("there is nothing to train on; call train first");
    }
    if (bestMetric != null && validation == null) {
      throw new IllegalArgumentException(
          "the best model by \"" + bestMetric + "\" cannot be told without validation data");
    }
    try (ModelFiles.Opened opened = files.open()) {
      StartingModel model = new StartingModel(opened.checkpoint());
      FineTuningTask<E> task = factory.create(model, train);
      Metric best = bestMetric == null ? task.bestMetric() : task.metric(bestMetric);
      Preparation preparation = preparation(opened.tokenizer(), model.config());
      Dataset data = task.dataset(train, preparation);
      TaskEvaluator validating =
          validation == null ? null : task.evaluator(validation, preparation);
      TaskEvaluator testing = test == null ? null : task.evaluator(test, preparation);
      PreparedRun run =
          new PreparedRun(
              model.prepared(task),
              false,
              LoadOptions.ofClass(task.modelClass())
                  .withMissingHead(options.seed())
                  .withSequenceParallel(sequenceParallel)
                  .withPipelineParallel(null, stagesPerRank),
              frozen,
              data,
              options,
              CheckpointFormat.HUGGINGFACE,
              best,
              validating,
              testing,
              opened.tokenizerFiles(),
              listeners,
              ranks,
              dataParallel,
              trace);
      return run.train(backend, backendOptions, output, start);
    }
  }

  private Preparation preparation(BertTokenizer tokenizer, MegatronBertConfig config) {
    if (tokenizer.vocabularySize() > config.vocabSize()) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + tokenizer.vocabularySize()
              + " tokens, the model knows "
              + config.vocabSize()
              + " (vocab_size): they do not belong together; name the model's own vocabulary");
    }
    int limit = Math.min(tokenizer.modelMaxLength(), config.maxPositionEmbeddings());
    if (maxLength > limit) {
      throw new IllegalArgumentException(
          "the greatest length is " + maxLength + ", the model takes " + limit + " tokens");
    }
    return new Preparation(tokenizer, maxLength == 0 ? limit : maxLength, stride, options.seed());
  }
}
