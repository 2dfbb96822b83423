// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.input.Quote;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.ModelLoader;
import io.github.megabert.model.generation.GenerationConfig;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A checkpoint, a tokenizer and a backend, and the models that were taken out of them so far. */
final class OpenModel {
  private final Checkpoint checkpoint;
  private final @Nullable BertTokenizer tokenizer;
  private final Backend backend;
  private final MegatronBertConfig config;
  private final LoadOptions loadOptions;
  private final ModelLoader loader;
  private final Map<String, MegatronBert> models = new ConcurrentHashMap<>();
  private GenerationConfig generationConfig = GenerationConfig.EMPTY;
  private EmbeddingConfig embeddingConfig = EmbeddingConfig.NONE;
  private volatile boolean closed;

  private OpenModel(
      Checkpoint checkpoint,
      @Nullable BertTokenizer tokenizer,
      Backend backend,
      LoadOptions loadOptions) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.backend = backend;
    this.loadOptions = loadOptions;
    config = MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
    loader = new ModelLoader(checkpoint, backend);
  }

  /** Opens a checkpoint, its tokenizer and a backend. */
  static OpenModel load(
      Path path,
      @Nullable Path config,
      @Nullable Path tokenizer,
      String backendName,
      BackendOptions backendOptions,
      LoadOptions loadOptions,
      @Nullable LoadingProgress loading)
      throws IOException {
    BertTokenizer words = findTokenizer(tokenizer, path);
    int tokens = words == null ? 0 : words.vocabularySize();
    Checkpoint checkpoint = Checkpoint.open(path, config, tokens);
    try {
      GenerationConfig generation =
          Files.isDirectory(path) ? GenerationConfig.of(path) : GenerationConfig.EMPTY;
      EmbeddingConfig embedding =
          Files.isDirectory(path) ? EmbeddingConfig.of(path) : EmbeddingConfig.NONE;
      OpenModel open = open(checkpoint, words, backendName, backendOptions, loadOptions, loading);
      open.generationConfig = generation;
      open.embeddingConfig = embedding;
      return open;
    } catch (IOException | RuntimeException failure) {
      checkpoint.close();
      throw failure;
    }
  }

  /** Opens a backend for a checkpoint. */
  static OpenModel open(
      Checkpoint checkpoint,
      @Nullable BertTokenizer tokenizer,
      String backendName,
      BackendOptions backendOptions,
      LoadOptions loadOptions,
      @Nullable LoadingProgress loading) {
    Backend backend = Backends.open(backendName, backendOptions);
    try {
      Checkpoint observed =
          loading == null ? checkpoint : new ObservedCheckpoint(checkpoint, loading);
      return new OpenModel(observed, tokenizer, backend, loadOptions);
    } catch (RuntimeException failure) {
      backend.close();
      throw failure;
    }
  }

  /** The tokenizer that the caller names, or the one beside the checkpoint, if there is one. */
  private static @Nullable BertTokenizer findTokenizer(@Nullable Path named, Path checkpoint)
      throws IOException {
    if (named != null) {
      return BertTokenizer.load(named);
    }
    return BertTokenizer.findBeside(checkpoint).orElse(null);
  }

  MegatronBertConfig config() {
    return config;
  }

  Checkpoint checkpoint() {
    return checkpoint;
  }

  Backend backend() {
    return backend;
  }

  BertTokenizer tokenizer() {
    if (tokenizer == null) {
      throw new IllegalStateException(
          checkpoint.source()
              + " has no vocab.txt or tokenizer.json beside it; name a tokenizer"
              + " (--vocab, or MegaBert.builder().tokenizer(path))");
    }
    // Added tokens may lie beyond the matrix, as in transformers: a text that has one is refused.
    if (tokenizer.ownVocabularySize() > config.vocabSize()) {
      throw new IllegalStateException(
          "the tokenizer has "
              + tokenizer.ownVocabularySize()
              + " tokens, "
              + checkpoint.source()
              + " knows "
              + config.vocabSize()
              + " (vocab_size): they do not belong together; name the model's own vocabulary");
    }
    return tokenizer;
  }

  EmbeddingConfig embeddingConfig() {
    return embeddingConfig;
  }

  GenerationConfig generationConfig() {
    return generationConfig;
  }

  Optional<BertTokenizer> findTokenizer() {
    return Optional.ofNullable(tokenizer);
  }

  int maxLength() {
    int positions = config.maxPositionEmbeddings();
    return tokenizer == null ? positions : Math.min(tokenizer.modelMaxLength(), positions);
  }

  MegatronBert model() {
    requireOpen();
    return models.computeIfAbsent("", name -> loader.load(loadOptions));
  }

  <T extends MegatronBert> T model(Class<T> type) {
    requireOpen();
    return type.cast(
        models.computeIfAbsent(
            type.getSimpleName(), name -> loader.load(loadOptions.withClass(ModelClass.of(name)))));
  }

  /** The class that the caller or the configuration names; empty if neither does. */
  private String declaredClass() {
    if (loadOptions.modelClass() != null) {
      return loadOptions.modelClass().className(config.family());
    }
    return config.architectures().isEmpty() ? "" : config.architectures().getFirst();
  }

  Set<Task> tasks() {
    return Task.of(ModelClass.find(declaredClass()), config);
  }

  Set<Task> untrainedTasks() {
    return Task.untrained(ModelClass.find(declaredClass()), config);
  }

  /** The model whose head does a task, which the checkpoint must have been saved for. */
  <T extends MegatronBert> T head(Task task, Class<T> type) {
    requireOpen();
    Set<Task> tasks = tasks();
    if (!tasks.contains(task) && loadOptions.missingHeadSeed() == null) {
      throw new IllegalArgumentException(
          checkpoint.source()
              + " holds a "
              + Quote.escape(declaredClass())
              + (task == Task.ZERO_SHOT_CLASSIFICATION && tasks.contains(Task.TEXT_CLASSIFICATION)
                  ? " without a label that begins with \"entail\""
                  : "")
              + ", which cannot do "
              + task.label()
              + "; it can do "
              + Task.labels(tasks));
    }
    return model(type);
  }

  void requireOpen() {
    if (closed) {
      throw new IllegalStateException(checkpoint.source() + " is closed");
    }
  }

  void close() {
    closed = true;
    backend.close();
    checkpoint.close();
  }
}
