// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.CheckpointFormat;
import io.github.megabert.train.DataParallelOptions;
import io.github.megabert.train.Trainer;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.samples.CausalSamples;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.MaskedSamples;
import io.github.megabert.train.data.samples.Objective;
import io.github.megabert.train.data.samples.SampleOptions;
import io.github.megabert.train.data.samples.WordPieces;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on nothing but text and saves a folder that {@code MegaBert.load} opens. Samples
 * are those that Megatron-LM draws, in its order.
 *
 * <pre>{@code
 * try (Corpora corpora = Corpora.open(List.of("corpus"))) {
 *   PreTraining.begin(config, tokenizer)
 *       .samples(SampleOptions.DEFAULT.withSequenceLength(128))
 *       .options(TrainingOptions.DEFAULT.withMaxSteps(1000).withLearningRate(1e-4))
 *       .run(corpora, Path.of("my-model"));
 * }
 * }</pre>
 *
 * <p>An interrupt of the thread that runs ends the run after the step under way, with a checkpoint
 * to {@link #resume} from. For one thread.
 */
public final class PreTraining {
  private static final int EVALUATION_SAMPLES = 1024;

  private final StartWith start;
  private boolean withOptimizer;
  private Objective objective = Objective.MASKED_WORDS_AND_ORDER;
  private SampleOptions samples = SampleOptions.DEFAULT;
  private DataSplit split = DataSplit.DEFAULT;
  private int evaluationSamples = EVALUATION_SAMPLES;
  private TrainingOptions options = TrainingOptions.DEFAULT;
  private CheckpointFormat format = CheckpointFormat.HUGGINGFACE;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private String backend = Backends.AUTO;
  private BackendOptions backendOptions = BackendOptions.DEFAULT;
  private Predicate<ParameterSpec> frozen = parameter -> false;
  private @Nullable String bestMetric;
  private @Nullable ParallelGroups ranks;
  private boolean sequenceParallel;
  private int stagesPerRank = 1;
  private DataParallelOptions dataParallel = DataParallelOptions.DEFAULT;
  private @Nullable Path trace;

  /** Where the first weights come from. */
  private interface StartWith {
    ModelFiles files(ModelClass modelClass, long seed);
  }

  private PreTraining(StartWith start) {
    this.start = start;
  }

  /** A new model, with Megatron-LM's random weights. */
  public static PreTraining begin(MegatronBertConfig config, BertTokenizer tokenizer) {
    return new PreTraining(
        (modelClass, seed) ->
            ModelFiles.of(RandomCheckpoint.initial(config, modelClass, seed), tokenizer));
  }

  /**
   * A model to go on from, of any known format.
   *
   * @param tokenizer a folder or file; null for the one beside the model
   */
  public static PreTraining from(Path model, @Nullable Path tokenizer) {
    return new PreTraining((modelClass, seed) -> ModelFiles.at(model, tokenizer));
  }

  /**
   * A run of Megatron-LM to go on with: its iteration, its optimizer's state, AdamW's numbers and
   * the learning rate's course, which stand in the place of those of {@link #options}. The samples
   * go on where its were: those that it would have drawn, if their options and the number of steps
   * are its own. Another {@link #resume} needs it too.
   *
   * @param folder with {@code latest_checkpointed_iteration.txt}, or one rank's file
   * @param tokenizer a folder or file; null for the one beside the model
   */
  public static PreTraining goOnFrom(Path folder, @Nullable Path tokenizer) {
    PreTraining training = from(folder, tokenizer);
    training.withOptimizer = true;
    return training;
  }

  /** A model to go on from that is open; the caller closes it. */
  public static PreTraining from(Checkpoint model, BertTokenizer tokenizer) {
    return new PreTraining((modelClass, seed) -> ModelFiles.of(model, tokenizer));
  }

  /** Sets what is learnt: masked words and their segments' order otherwise. */
  public PreTraining objective(Objective value) {
    objective = value;
    return this;
  }

  /** Sets how samples are drawn. The objective decides on the order of segments. */
  public PreTraining samples(SampleOptions value) {
    samples = value;
    return this;
  }

  /** Sets which documents are trained on, validated with and tested with. */
  public PreTraining split(DataSplit value) {
    split = value;
    return this;
  }

  /** Sets how many samples an evaluation takes at most, of one pass over its documents. */
  public PreTraining evaluationSamples(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("an evaluation takes at least 1 sample, not " + value);
    }
    evaluationSamples = value;
    return this;
  }

  /** Sets how it is trained; the number of steps must be told. Samples are never shuffled again. */
  public PreTraining options(TrainingOptions value) {
    options = value;
    return this;
  }

  /** Sets how checkpoints are written. */
  public PreTraining checkpoints(CheckpointFormat value) {
    format = value;
    return this;
  }

  /** Adds who is told how the run goes, on a thread of the run's own. */
  public PreTraining listener(TrainingListener listener) {
    listeners.add(listener);
    return this;
  }

  /** Makes it one of several ranks that train together; see {@link Trainer#ranks}. */
  public PreTraining ranks(ParallelGroups groups) {
    ranks = groups;
    return this;
  }

  /**
   * Sets whether tensor-parallel ranks divide the tokens as well; see {@link
   * LoadOptions#sequenceParallel}.
   */
  public PreTraining sequenceParallel(boolean value) {
    sequenceParallel = value;
    return this;
  }

  /**
   * Sets how many stages each pipeline-parallel rank has; see {@link LoadOptions#stagesPerRank}.
   */
  public PreTraining stagesPerRank(int value) {
    stagesPerRank = value;
    return this;
  }

  /** Sets how copies of the model train together. */
  public PreTraining dataParallel(DataParallelOptions value) {
    dataParallel = value;
    return this;
  }

  /** Sets a file for a timeline of the run; see {@link Trainer#trace}. */
  public PreTraining trace(Path file) {
    trace = file;
    return this;
  }

  /** Sets the backend; the best that there is otherwise. */
  public PreTraining backend(String name, BackendOptions value) {
    backend = name;
    backendOptions = value;
    return this;
  }

  /** Sets which parameters stay as they are; none otherwise. */
  public PreTraining freeze(Predicate<ParameterSpec> which) {
    frozen = which;
    return this;
  }

  /** Sets the metric that selects the best model, in place of the loss. */
  public PreTraining best(String metric) {
    bestMetric = metric;
    return this;
  }

  /**
   * Trains.
   *
   * @param corpora stay open meanwhile; the caller closes them
   * @param output a new or empty folder for the model, its metrics and its checkpoints
   * @throws io.github.megabert.train.data.TrainingDataException if a corpus gives no sample, has a
   *     token that the vocabulary lacks, or is changed meanwhile
   * @throws io.github.megabert.train.TrainingException if the loss is no longer finite, or the
   *     device fails
   * @throws IllegalArgumentException if model, tokenizer and samples do not fit each other
   * @throws IOException if the model cannot be read or the folder not be written
   */
  public TrainingOutcome run(Corpora corpora, Path output) throws IOException {
    return train(corpora, output, Trainer::run);
  }

  /**
   * Goes on with a run from its last checkpoint, to the same result as if it had not been stopped.
   * Model, corpora and options must be those that it began with.
   *
   * @throws IOException as {@link #run}, or if there is no checkpoint
   */
  public TrainingOutcome resume(Corpora corpora, Path output) throws IOException {
    return train(corpora, output, Trainer::resume);
  }

  private TrainingOutcome train(Corpora corpora, Path output, PreparedRun.Start how)
      throws IOException {
    if (options.maxSteps() == 0) {
      throw new IllegalArgumentException("pre-training has no epochs: say how many steps it takes");
    }
    ModelClass modelClass =
        switch (objective) {
          case MASKED_WORDS_AND_ORDER -> ModelClass.PRE_TRAINING;
          case MASKED_WORDS -> ModelClass.MASKED_LM;
          case CAUSAL -> ModelClass.CAUSAL_LM;
        };
    int wanted = Math.multiplyExact(options.maxSteps(), options.examplesPerStep());
    try (ModelFiles.Opened opened = start.files(modelClass, options.seed()).open()) {
      requireFitting(opened.tokenizer(), new StartingModel(opened.checkpoint()).config());
      Drawn drawn = new Drawn(corpora, opened.tokenizer());
      SampleBatches<?> data =
          drawn
              .samples(DataSplit.Part.TRAIN, wanted, wanted)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "the split " + split + " has no document to train on"));
      TaskEvaluator validating = drawn.evaluator(DataSplit.Part.VALIDATION);
      if (validating == null && bestMetric != null) {
        throw new IllegalArgumentException(
            "the best model by \"" + bestMetric + "\" cannot be told without validation documents");
      }
      PreparedRun run =
          new PreparedRun(
              opened.checkpoint(),
              withOptimizer,
              LoadOptions.ofClass(modelClass)
                  .withMissingHead(options.seed())
                  .withSequenceParallel(sequenceParallel)
                  .withPipelineParallel(null, stagesPerRank),
              frozen,
              data,
              options.inOrder(),
              format,
              best(),
              validating,
              drawn.evaluator(DataSplit.Part.TEST),
              opened.tokenizerFiles(),
              listeners,
              ranks,
              dataParallel,
              trace);
      return run.train(backend, backendOptions, output, how);
    }
  }

  private Metric best() {
    List<Metric> metrics =
        switch (objective) {
          case MASKED_WORDS_AND_ORDER ->
              List.of(
                  Metric.LOSS,
                  Metric.PERPLEXITY,
                  Metric.ACCURACY,
                  SampleEvaluator.ORDER_LOSS,
                  SampleEvaluator.ORDER_ACCURACY);
          case MASKED_WORDS -> List.of(Metric.LOSS, Metric.PERPLEXITY, Metric.ACCURACY);
          case CAUSAL -> List.of(Metric.LOSS, Metric.PERPLEXITY);
        };
    if (bestMetric == null) {
      return Metric.LOSS;
    }
    return metrics.stream()
        .filter(metric -> metric.name().equals(bestMetric))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the objective "
                        + objective.optionName()
                        + " has no metric \""
                        + bestMetric
                        + "\"; it has "
                        + String.join(", ", metrics.stream().map(Metric::name).toList())));
  }

  private void requireFitting(BertTokenizer tokenizer, MegatronBertConfig config) {
    if (tokenizer.vocabularySize() > config.vocabSize()) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + tokenizer.vocabularySize()
              + " tokens, the model knows "
              + config.vocabSize()
              + " (vocab_size): they do not belong together; name the model's own vocabulary");
    }
    if (samples.sequenceLength() > config.maxPositionEmbeddings()) {
      throw new IllegalArgumentException(
          "samples have up to "
              + samples.sequenceLength()
              + " tokens, the model takes "
              + config.maxPositionEmbeddings()
              + " (max_position_embeddings); draw shorter ones");
    }
    if (objective == Objective.MASKED_WORDS_AND_ORDER && config.typeVocabSize() < 2) {
      throw new IllegalArgumentException(
          "the model knows 1 type of tokens (type_vocab_size), and two segments need 2; learn"
              + " masked words alone");
    }
  }

  /** Samples of the corpora, for a tokenizer. */
  private final class Drawn {
    private final Corpora corpora;
    private final WordPieces pieces;
    private final SampleOptions masking;

    Drawn(Corpora corpora, BertTokenizer tokenizer) {
      this.corpora = corpora;
      pieces = new WordPieces(tokenizer);
      masking = samples.withSentenceOrder(objective == Objective.MASKED_WORDS_AND_ORDER);
    }

    /**
     * Samples of a part of the documents.
     *
     * @param least how many are drawn at least; 0 for those of one pass
     * @param most how many are taken
     */
    Optional<SampleBatches<?>> samples(DataSplit.Part part, int least, int most)
        throws IOException {
      Corpora.Selection documents = corpus -> split.range(part, corpus);
      String told = objective.optionName() + ", split " + split + ", " + masking;
      if (objective == Objective.CAUSAL) {
        return corpora
            .draw(
                documents,
                least,
                (corpus, range, wanted) ->
                    CausalSamples.of(
                        corpus,
                        pieces.limit(),
                        range,
                        masking.seed(),
                        masking.sequenceLength(),
                        wanted))
            .map(drawn -> new SampleBatches<>(corpora, drawn, most, SampleBatches.causal(), told));
      }
      return corpora
          .draw(
              documents,
              least,
              (corpus, range, wanted) -> MaskedSamples.of(corpus, pieces, range, masking, wanted))
          .map(
              drawn ->
                  new SampleBatches<>(
                      corpora,
                      drawn,
                      most,
                      SampleBatches.masked(pieces, masking.sentenceOrder()),
                      told));
    }

    /** What measures by a part of the documents; null where it has none. */
    @Nullable TaskEvaluator evaluator(DataSplit.Part part) throws IOException {
      int least = corpora.isWeighted() ? evaluationSamples : 0;
      return samples(part, least, evaluationSamples)
          .map(
              data -> new SampleEvaluator(data, objective == Objective.CAUSAL, options.batchSize()))
          .orElse(null);
    }
  }
}
