package io.github.megabert;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.model.ModelLoader;
import io.github.megabert.pipeline.FillMask;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * An open model with its tokenizer and the backend that computes it; where a program begins.
 *
 * <pre>{@code
 * try (MegaBert bert = MegaBert.load(Path.of("my-model"))) {
 *   bert.fillMask().apply("a dog is a domesticated [MASK].").forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe: any number of threads, virtual ones too, may use one instance.
 * Closing it twice is harmless; using it, or anything it gave, after that throws {@link
 * IllegalStateException}.
 */
public final class MegaBert implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final @Nullable BertTokenizer tokenizer;
  private final Backend backend;
  private final MegatronBertConfig config;
  private final LoadOptions loadOptions;
  private final ModelLoader loader;
  private final Map<String, MegatronBert> models = new ConcurrentHashMap<>();

  private MegaBert(
      Checkpoint checkpoint,
      @Nullable BertTokenizer tokenizer,
      Backend backend,
      LoadOptions loadOptions) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.backend = backend;
    this.loadOptions = loadOptions;
    config = MegatronBertConfig.of(checkpoint.config(), checkpoint.source());
    loader = new ModelLoader(checkpoint, backend);
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
   * @throws IOException if that artifact is missing
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

  /** Options, to be followed by {@link Builder#load} or {@link Builder#demo}. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects options by name. */
  public static final class Builder {
    private String backend = "auto";
    private BackendOptions options = BackendOptions.DEFAULT;
    private @Nullable Path tokenizer;
    private @Nullable Path config;
    private LoadOptions loadOptions = LoadOptions.DEFAULT;

    private Builder() {}

    /** {@code auto} (the default), {@code vector}, {@code scalar}, {@code tornado}. */
    public Builder backend(String name) {
      backend = name;
      return this;
    }

    /** CPU threads for one call, the caller included; all processors by default. */
    public Builder threads(int count) {
      options = options.withThreads(count);
      return this;
    }

    /** How weights are stored; float32 by default. */
    public Builder precision(Precision precision) {
      options = options.withPrecision(precision);
      return this;
    }

    /** Index of the device, for backends that have several. */
    public Builder device(int index) {
      options = options.withDevice(index);
      return this;
    }

    /** A folder with tokenizer files, or a {@code vocab.txt}, where the checkpoint has none. */
    public Builder tokenizer(Path path) {
      tokenizer = path;
      return this;
    }

    /** A {@code config.json}, where the checkpoint has none or a wrong one. */
    public Builder config(Path file) {
      config = file;
      return this;
    }

    /** The transformers class that {@link MegaBert#model()} gives, rather than the checkpoint's. */
    public Builder modelClass(String className) {
      loadOptions = new LoadOptions(className, loadOptions.missingHeadSeed());
      return this;
    }

    /** Begins a head that the checkpoint lacks with random weights, in order to train it. */
    public Builder allowMissingHead(long seed) {
      loadOptions = loadOptions.withMissingHead(seed);
      return this;
    }

    /** Opens a checkpoint; see {@link MegaBert#load}. */
    public MegaBert load(Path path) throws IOException {
      Checkpoint checkpoint = Checkpoint.open(path, config);
      try {
        return open(checkpoint, tokenizerOf(path));
      } catch (IOException | RuntimeException failure) {
        checkpoint.close();
        throw failure;
      }
    }

    /** Opens the demo model; see {@link MegaBert#demo}. */
    public MegaBert demo() throws IOException {
      return open(DemoModel.open(), DemoModel.tokenizer());
    }

    private MegaBert open(Checkpoint checkpoint, @Nullable BertTokenizer words) {
      Backend opened = Backends.open(backend, options);
      try {
        return new MegaBert(checkpoint, words, opened, loadOptions);
      } catch (RuntimeException failure) {
        opened.close();
        throw failure;
      }
    }

    private @Nullable BertTokenizer tokenizerOf(Path checkpoint) throws IOException {
      if (tokenizer != null) {
        return BertTokenizer.load(tokenizer);
      }
      Path folder =
          Files.isDirectory(checkpoint) ? checkpoint : checkpoint.toAbsolutePath().getParent();
      if (folder != null
          && (Files.exists(folder.resolve("tokenizer.json"))
              || Files.exists(folder.resolve("vocab.txt")))) {
        return BertTokenizer.load(folder);
      }
      return null;
    }
  }

  /** The configuration. */
  public MegatronBertConfig config() {
    return config;
  }

  /** The open checkpoint. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** The backend that computes. */
  public Backend backend() {
    return backend;
  }

  /**
   * The tokenizer.
   *
   * @throws IllegalStateException if the model came without one
   */
  public BertTokenizer tokenizer() {
    if (tokenizer == null) {
      throw new IllegalStateException(
          checkpoint.source()
              + " has no vocab.txt or tokenizer.json beside it; name a tokenizer"
              + " (--vocab, or MegaBert.builder().tokenizer(path))");
    }
    return tokenizer;
  }

  /** The tokenizer, where the model has one. */
  public Optional<BertTokenizer> findTokenizer() {
    return Optional.ofNullable(tokenizer);
  }

  /** Tokens of the longest text: the smaller of the tokenizer's and the model's limit. */
  public int maxLength() {
    return tokenizer == null
        ? config.maxPositionEmbeddings()
        : Math.min(tokenizer.modelMaxLength(), config.maxPositionEmbeddings());
  }

  /** The model, of the class that the checkpoint or the caller names. */
  public MegatronBert model() {
    return models.computeIfAbsent("", name -> loader.load(loadOptions));
  }

  /**
   * The model as another class; heads share the layers below.
   *
   * @throws IllegalArgumentException if the checkpoint lacks that class's head
   */
  public <T extends MegatronBert> T model(Class<T> type) {
    String className = type.getSimpleName();
    return type.cast(
        models.computeIfAbsent(
            className, name -> loader.load(new LoadOptions(name, loadOptions.missingHeadSeed()))));
  }

  /**
   * Finds words for {@code [MASK]}.
   *
   * @throws IllegalArgumentException if the checkpoint has no masked language model head
   */
  public FillMask fillMask() {
    return new FillMask(model(MegatronBertForMaskedLM.class), tokenizer(), maxLength());
  }

  @Override
  public void close() {
    backend.close();
    checkpoint.close();
  }
}
