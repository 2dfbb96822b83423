// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.MegatronBertForTokenClassification;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.task.Batching;
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.task.FeatureExtraction;
import io.github.megabert.task.FillMask;
import io.github.megabert.task.MultipleChoice;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextGeneration;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.ZeroShotClassification;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * An open model with its tokenizer and its backend. A program begins here.
 *
 * <pre>{@code
 * try (MegaBert bert = MegaBert.load(Path.of("my-model"))) {
 *   bert.fillMask().best("a dog is a domesticated [MASK].", 5).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe: any number of threads, virtual ones too, may use one instance.
 * Closing it twice is harmless. A closed model, and everything that it gave, throws {@link
 * IllegalStateException}.
 */
public final class MegaBert implements AutoCloseable {
  private final OpenModel open;
  private final int lengthLimit;
  private final Batching batching;

  MegaBert(OpenModel open, int lengthLimit, Batching batching) {
    this.open = open;
    this.lengthLimit = lengthLimit;
    this.batching = batching;
  }

  /**
   * Opens a model on the best backend there is: a Hugging Face folder, or a Megatron-LM checkpoint.
   *
   * @throws IOException if the checkpoint or the tokenizer cannot be read, with one sentence that
   *     says why
   * @throws IllegalArgumentException if the configuration contradicts itself
   */
  public static MegaBert load(Path path) throws IOException {
    return builder().load(path);
  }

  /**
   * Opens the small pre-trained English model of the artifact {@code megabert-demo-model}.
   *
   * @throws FileNotFoundException if that artifact is missing
   * @throws IOException if it cannot be read
   */
  public static MegaBert demo() throws IOException {
    return builder().demo();
  }

  /**
   * Opens the demo model's checkpoint alone, without a backend.
   *
   * @throws IOException if the artifact {@code megabert-demo-model} is missing
   */
  public static Checkpoint demoCheckpoint() throws IOException {
    return DemoModel.open();
  }

  /**
   * The demo model's tokenizer alone.
   *
   * @throws IOException if the artifact {@code megabert-demo-model} is missing
   */
  public static BertTokenizer demoTokenizer() throws IOException {
    return DemoModel.tokenizer();
  }

  /** Collects options, to end with {@link MegaBertBuilder#load} or {@link MegaBertBuilder#demo}. */
  public static MegaBertBuilder builder() {
    return new MegaBertBuilder();
  }

  /** The configuration. */
  public MegatronBertConfig config() {
    return open.config();
  }

  /** The open checkpoint. */
  public Checkpoint checkpoint() {
    return open.checkpoint();
  }

  /** The backend that computes. */
  public Backend backend() {
    return open.backend();
  }

  /**
   * Compiles the kernels that a batch of usual size needs; a readiness probe can wait for it. Until
   * then answers are right but slow.
   *
   * @return completed when the kernels are compiled; cancelled if the last model of the process is
   *     closed before
   */
  public CompletableFuture<Void> warmUp() {
    return open.backend().warmUp();
  }

  /**
   * Loads the weights of tasks now. Otherwise each task's are loaded when it is first asked for.
   *
   * @throws IllegalArgumentException if the model was not saved for one of them; see {@link #tasks}
   * @throws IllegalStateException if the model came without a tokenizer
   */
  public void loadWeights(Set<Task> tasks) {
    tasks.forEach(this::loadWeights);
  }

  private void loadWeights(Task task) {
    var _ =
        switch (task) {
          case FILL_MASK -> fillMask();
          case TEXT_CLASSIFICATION -> textClassification();
          case TOKEN_CLASSIFICATION -> tokenClassification();
          case QUESTION_ANSWERING -> questionAnswering();
          case ZERO_SHOT_CLASSIFICATION -> zeroShotClassification();
          case RANKING -> crossEncoder();
          case MULTIPLE_CHOICE -> multipleChoice();
          case NEXT_SENTENCE -> nextSentence();
          case FEATURE_EXTRACTION -> featureExtraction();
          case TEXT_EMBEDDING -> textEmbedding();
          case TEXT_GENERATION -> textGeneration();
        };
  }

  /**
   * The tokenizer.
   *
   * @throws IllegalStateException if the model came without one
   */
  public BertTokenizer tokenizer() {
    return open.tokenizer();
  }

  /** The tokenizer, where the model has one. */
  public Optional<BertTokenizer> findTokenizer() {
    return open.findTokenizer();
  }

  /** Tokens of the longest text: the smallest of the tokenizer's, model's and caller's limits. */
  public int maxLength() {
    return Math.min(open.maxLength(), lengthLimit);
  }

  /** What the model can do, by the head that it was saved with. */
  public Set<Task> tasks() {
    return open.tasks();
  }

  /**
   * The {@link #tasks} that the model was not trained for, such as text generation by a model that
   * was trained to fill gaps. The demo model is one.
   */
  public Set<Task> untrainedTasks() {
    return open.untrainedTasks();
  }

  /** The model, of the class that the checkpoint or the caller names. */
  public MegatronBert model() {
    return open.model();
  }

  /**
   * The model as another class; heads share the layers below.
   *
   * @throws IllegalArgumentException if the checkpoint lacks that class's head
   */
  public <T extends MegatronBert> T model(Class<T> type) {
    return open.model(type);
  }

  /**
   * Finds words for {@code [MASK]}. This and the methods that follow throw {@link
   * IllegalArgumentException} if the model was not saved for the task; see {@link #tasks}.
   */
  public FillMask fillMask() {
    return pipeline(Task.FILL_MASK, MegatronBertForMaskedLM.class, FillMask::new);
  }

  /** Finds the class of a text or a pair. */
  public TextClassification textClassification() {
    return pipeline(
        Task.TEXT_CLASSIFICATION,
        MegatronBertForSequenceClassification.class,
        TextClassification::new);
  }

  /** Finds names and other entities. */
  public TokenClassification tokenClassification() {
    return pipeline(
        Task.TOKEN_CLASSIFICATION,
        MegatronBertForTokenClassification.class,
        TokenClassification::new);
  }

  /** Finds answers in texts. */
  public QuestionAnswering questionAnswering() {
    return pipeline(
        Task.QUESTION_ANSWERING, MegatronBertForQuestionAnswering.class, QuestionAnswering::new);
  }

  /** Classifies by labels that the model was not trained on. */
  public ZeroShotClassification zeroShotClassification() {
    return pipeline(
        Task.ZERO_SHOT_CLASSIFICATION,
        MegatronBertForSequenceClassification.class,
        ZeroShotClassification::new);
  }

  /** Says how well texts answer a query: a cross-encoder. */
  public CrossEncoder crossEncoder() {
    return pipeline(Task.RANKING, MegatronBertForSequenceClassification.class, CrossEncoder::new);
  }

  /** Chooses the continuation that fits best. */
  public MultipleChoice multipleChoice() {
    return pipeline(Task.MULTIPLE_CHOICE, MegatronBertForMultipleChoice.class, MultipleChoice::new);
  }

  /** Says whether a text continues another. */
  public NextSentence nextSentence() {
    return pipeline(
        Task.NEXT_SENTENCE, MegatronBertForNextSentencePrediction.class, NextSentence::new);
  }

  /** Gives a vector for each token. */
  public FeatureExtraction featureExtraction() {
    return pipeline(Task.FEATURE_EXTRACTION, MegatronBertModel.class, FeatureExtraction::new);
  }

  /**
   * Gives a vector for each text. It is the one that sentence-transformers makes, if it saved the
   * model's folder.
   */
  public TextEmbedding textEmbedding() {
    EmbeddingConfig config =
        lengthLimit == Integer.MAX_VALUE
            ? embeddingConfig()
            : embeddingConfig().withMaxLength(Integer.MAX_VALUE);
    return pipeline(
        Task.TEXT_EMBEDDING,
        MegatronBertModel.class,
        (model, tokenizer, length, batches) ->
            new TextEmbedding(model, tokenizer, length, batches, config));
  }

  /** How the model's folder makes vectors of texts, if sentence-transformers saved it. */
  public EmbeddingConfig embeddingConfig() {
    return open.embeddingConfig();
  }

  /**
   * Continues texts, badly if {@link #untrainedTasks} lists the task. Unless the options say
   * otherwise, a text ends at the tokens that {@code generation_config.json} names, else at those
   * of {@code config.json}, else at {@code [SEP]}.
   */
  public TextGeneration textGeneration() {
    return pipeline(
        Task.TEXT_GENERATION,
        MegatronBertForCausalLM.class,
        (model, tokenizer, length, batches) ->
            new TextGeneration(model, tokenizer, length, batches, endTokens()));
  }

  /**
   * The generation options of the model's {@code generation_config.json}, or the usual ones where
   * it has none.
   */
  public GenerationOptions.Builder generationOptions() {
    return generationOptions(false, 0);
  }

  /**
   * The same for a search that draws, or has so many beams; see {@link
   * io.github.megabert.model.generation.GenerationConfig#options(boolean, int)}.
   */
  public GenerationOptions.Builder generationOptions(boolean draw, int beams) {
    return open.generationConfig().options(draw, beams).endTokens(endTokens());
  }

  /** Tokens that end a generated text; empty where no file names one. */
  private Set<Integer> endTokens() {
    Set<Integer> tokens = open.generationConfig().endTokens();
    return tokens.isEmpty() ? new LinkedHashSet<>(config().eosTokenIds()) : tokens;
  }

  /** The constructor of a pipeline. */
  private interface PipelineOf<M, P> {
    P over(M model, BertTokenizer tokenizer, int maxLength, Batching batching);
  }

  private <M extends MegatronBert, P> P pipeline(Task task, Class<M> head, PipelineOf<M, P> type) {
    return type.over(open.head(task, head), tokenizer(), maxLength(), batching);
  }

  @Override
  public void close() {
    open.close();
  }
}
