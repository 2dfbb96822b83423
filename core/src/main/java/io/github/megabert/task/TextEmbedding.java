// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes one vector of a text, to be compared with those of other texts. Thread-safe. */
public final class TextEmbedding
    implements TextTask<String, TextEmbedding.Options, TextEmbedding.Embedding> {
  private final MegatronBertModel model;
  private final TextEncoder encoder;
  private final Batching batching;
  private final EmbeddingConfig config;

  /**
   * The options of a call.
   *
   * @param pooling how the vectors of tokens become one; of several poolings the vectors are joined
   *     in this order
   * @param normalize whether vectors get length 1, so that their product is their cosine
   * @param longText what happens to a text that is too long
   * @param stride tokens that a window repeats of the one before; they count twice in the mean
   * @param prompt what is put before every text, such as {@code "query: "}; empty for nothing
   */
  public record Options(
      List<Pooling> pooling, boolean normalize, LongText longText, int stride, String prompt) {
    /** The mean, as it is; texts that are too long are read in windows that share no token. */
    public static final Options DEFAULT =
        new Options(List.of(Pooling.MEAN), false, LongText.WINDOWS, 0, "");

    /** Checks the values. */
    public Options {
      pooling = List.copyOf(pooling);
      if (pooling.isEmpty()) {
        throw new IllegalArgumentException("at least one pooling is needed");
      }
      if (stride < 0) {
        throw new IllegalArgumentException("stride must not be negative: " + stride);
      }
    }

    /** The same with another pooling, or several. */
    public Options withPooling(Pooling... values) {
      return withPooling(List.of(values));
    }

    /** The same with other poolings. */
    public Options withPooling(List<Pooling> values) {
      return new Options(values, normalize, longText, stride, prompt);
    }

    /** The same with or without normalisation. */
    public Options withNormalize(boolean value) {
      return new Options(pooling, value, longText, stride, prompt);
    }

    /** The same with texts that are too long refused, cut or split. */
    public Options withLongText(LongText value) {
      return new Options(pooling, normalize, value, stride, prompt);
    }

    /** The same with windows that repeat so many tokens of the one before. */
    public Options withWindows(int repeated) {
      return new Options(pooling, normalize, LongText.WINDOWS, repeated, prompt);
    }

    /** The same with another text before every text. */
    public Options withPrompt(String text) {
      return new Options(pooling, normalize, longText, stride, text);
    }
  }

  /**
   * A text's vector.
   *
   * @param vector {@link TextEmbedding#dimension} numbers; not to be changed
   * @param tokens tokens that the model read, special tokens and repeated ones included
   * @param windows windows that the text was read in
   * @param truncatedTokens tokens that were cut off before the model read the text; none with
   *     windows
   */
  public record Embedding(float[] vector, int tokens, int windows, int truncatedTokens) {
    /**
     * How alike two texts are: the cosine of the angle between their vectors, −1 … 1; 0 if one of
     * them has length 0.
     *
     * @throws IllegalArgumentException if the vectors differ in size, as those of different models
     *     may
     */
    public double cosine(Embedding other) {
      if (vector.length != other.vector.length) {
        throw new IllegalArgumentException(
            "vectors of "
                + vector.length
                + " and "
                + other.vector.length
                + " numbers cannot be compared; they come from different models");
      }
      double product = 0;
      double squares = 0;
      double otherSquares = 0;
      for (int i = 0; i < vector.length; i++) {
        double a = vector[i];
        double b = other.vector[i];
        product += a * b;
        squares += a * a;
        otherSquares += b * b;
      }
      double lengths = Math.sqrt(squares) * Math.sqrt(otherSquares);
      return lengths > 0 ? Math.clamp(product / lengths, -1, 1) : 0;
    }

    /** Whether the other is an embedding of the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Embedding that
          && Arrays.equals(vector, that.vector)
          && tokens == that.tokens
          && windows == that.windows
          && truncatedTokens == that.truncatedTokens;
    }

    @Override
    public int hashCode() {
      return Objects.hash(Arrays.hashCode(vector), tokens, windows, truncatedTokens);
    }

    @Override
    public String toString() {
      return "Embedding[vector="
          + Arrays.toString(vector)
          + ", tokens="
          + tokens
          + ", windows="
          + windows
          + ", truncatedTokens="
          + truncatedTokens
          + "]";
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public TextEmbedding(
      MegatronBertModel model, BertTokenizer tokenizer, int maxLength, Batching batching) {
    this(model, tokenizer, maxLength, batching, EmbeddingConfig.NONE);
  }

  /**
   * A pipeline over a model that sentence-transformers saved, which the caller keeps open.
   *
   * @param config says what the default options are, and what is done behind the pooling
   */
  public TextEmbedding(
      MegatronBertModel model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching,
      EmbeddingConfig config) {
    this.model = model;
    this.batching = batching;
    this.config = config;
    int most = Math.min(maxLength, config.maxLength());
    encoder = new TextEncoder(tokenizer, most, model.config().vocabSize());
  }

  /**
   * Numbers of a vector, with the default options.
   *
   * @throws IllegalArgumentException as {@link EmbeddingConfig#options}
   */
  public int dimension() {
    return dimension(defaultOptions());
  }

  /**
   * Numbers of a vector.
   *
   * @throws IllegalArgumentException if the model has a layer that does not take what the poolings
   *     give
   */
  public int dimension(Options options) {
    return config.dimension(options, model.config().hiddenSize());
  }

  /**
   * Those that the model's folder asks for; {@link Options#DEFAULT} where it says nothing.
   *
   * @throws IllegalArgumentException as {@link EmbeddingConfig#options}
   */
  @Override
  public Options defaultOptions() {
    return config.options();
  }

  @Override
  public int tokens(String text, Options options) {
    return tokens(windows(text, options));
  }

  @Override
  public List<Embedding> applyAll(List<String> texts, Options options) {
    return embed(texts.stream().map(text -> windows(text, options)).toList(), options);
  }

  @Override
  public Stream<Embedding> stream(Stream<String> texts, Options options) {
    return batching.stream(
        texts.map(text -> windows(text, options)),
        TextEmbedding::tokens,
        requests -> embed(requests, options));
  }

  private List<Encoding> windows(String text, Options options) {
    String whole = cased(options.prompt() + Given.given("the text", text));
    if (options.longText() == LongText.WINDOWS) {
      return encoder.windows(
          whole,
          null,
          Truncation.ONLY_FIRST,
          encoder.maxLength(),
          Overflow.COMPLETE,
          options.stride());
    }
    return List.of(encoder.encode(whole, null, options.longText(), Truncation.ONLY_FIRST));
  }

  private String cased(String text) {
    return config.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
  }

  private static int tokens(List<Encoding> windows) {
    return windows.stream().mapToInt(Encoding::size).sum();
  }

  /** Tokens at the beginning that do not count: of a prompt that is not pooled, with [CLS]. */
  private int tokensOfPrompt(Options options) {
    if (options.prompt().isEmpty() || config.prompts().pooled()) {
      return 0;
    }
    String prompt = cased(options.prompt());
    return encoder.tokenizer().encode(prompt, null, EncodingOptions.DEFAULT).size() - 1;
  }

  private List<Embedding> embed(List<List<Encoding>> requests, Options options) {
    AnswersTimer timer = AnswersTimer.begun();
    dimension(options);
    Set<Encoding> first = Collections.newSetFromMap(new IdentityHashMap<>());
    requests.forEach(windows -> first.add(windows.getFirst()));
    int left = tokensOfPrompt(options);
    List<List<PooledWindow>> pooled =
        batching.applyWindows(
            requests,
            windows -> pool(windows, window -> first.contains(window) ? left : 0, options));
    List<Embedding> results = new ArrayList<>(requests.size());
    for (int i = 0; i < requests.size(); i++) {
      List<Encoding> windows = requests.get(i);
      results.add(
          new Embedding(
              finish(PooledWindow.join(pooled.get(i), options.pooling()), options),
              tokens(windows),
              windows.size(),
              options.longText() == LongText.WINDOWS ? 0 : windows.getFirst().truncatedTokens()));
    }
    timer.answered("text-embedding", results.size());
    return results;
  }

  private List<PooledWindow> pool(
      List<Encoding> windows, ToIntFunction<Encoding> firstToken, Options options) {
    Batch batch = Batch.of(windows);
    float[] states = array(model.forward(batch, OutputOptions.NONE).lastHiddenState());
    int columns = model.config().hiddenSize();
    List<PooledWindow> results = new ArrayList<>(windows.size());
    for (int b = 0; b < windows.size(); b++) {
      int start = batch.offsets()[b];
      int tokens = batch.offsets()[b + 1] - start;
      int from = firstToken.applyAsInt(windows.get(b));
      results.add(PooledWindow.of(states, columns, start, tokens, from, options.pooling()));
    }
    return results;
  }

  /** The numbers of a result, as they lie on the heap: a copy would double a request's garbage. */
  private static float[] array(Tensor result) {
    return result.segment().heapBase().orElse(null) instanceof float[] values
            && values.length == result.elements()
        ? values
        : result.toFloatArray();
  }

  /** What the model does behind its pooling, and the normalisation that is wanted. */
  private float[] finish(float[] vector, Options options) {
    float[] result = vector;
    for (EmbeddingStep step : config.steps()) {
      result = step.apply(result);
    }
    return options.normalize() ? new NormalizeStep().apply(result) : result;
  }
}
