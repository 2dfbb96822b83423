package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes one vector of a text, to be compared with those of other texts. Thread-safe. */
public final class TextEmbedding
    implements TextTask<String, TextEmbedding.Options, TextEmbedding.Embedding> {
  private final MegatronBertModel model;
  private final TextEncoder encoder;
  private final Batching batching;

  /** How the vectors of a text's tokens become one. */
  public enum Pooling {
    /** The mean over all tokens, {@code [CLS]} and {@code [SEP]} too, as sentence-transformers. */
    MEAN,
    /** The vector of {@code [CLS]}; over several windows their mean. */
    CLS,
    /** The largest number of each column, over all tokens. */
    MAX
  }

  /**
   * The options of a call.
   *
   * @param pooling how the vectors of tokens become one
   * @param normalize whether vectors get length 1, so that their product is their cosine
   * @param longText what happens to a text that is too long
   * @param stride tokens that a window repeats of the one before; they count twice in the mean
   */
  public record Options(Pooling pooling, boolean normalize, LongText longText, int stride) {
    /** The mean, as it is; texts that are too long are read in windows that share no token. */
    public static final Options DEFAULT = new Options(Pooling.MEAN, false, LongText.WINDOWS, 0);

    /** Checks the values. */
    public Options {
      if (stride < 0) {
        throw new IllegalArgumentException("stride must not be negative: " + stride);
      }
    }

    /** The same with another pooling. */
    public Options withPooling(Pooling value) {
      return new Options(value, normalize, longText, stride);
    }

    /** The same with or without normalisation. */
    public Options withNormalize(boolean value) {
      return new Options(pooling, value, longText, stride);
    }

    /** The same with texts that are too long refused, cut or split. */
    public Options withLongText(LongText value) {
      return new Options(pooling, normalize, value, stride);
    }

    /** The same with windows that repeat so many tokens of the one before. */
    public Options withWindows(int repeated) {
      return new Options(pooling, normalize, LongText.WINDOWS, repeated);
    }
  }

  /**
   * A text's vector.
   *
   * @param vector {@code hidden} numbers; not to be changed
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
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
  }

  /** Numbers of a vector. */
  public int dimension() {
    return model.config().hiddenSize();
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
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
    if (options.longText() == LongText.WINDOWS) {
      return encoder.windows(
          text,
          null,
          Truncation.ONLY_FIRST,
          encoder.maxLength(),
          Overflow.COMPLETE,
          options.stride());
    }
    return List.of(encoder.encode(text, null, options.longText(), Truncation.ONLY_FIRST));
  }

  private static int tokens(List<Encoding> windows) {
    return windows.stream().mapToInt(Encoding::size).sum();
  }

  private List<Embedding> embed(List<List<Encoding>> requests, Options options) {
    List<List<float[]>> pooled =
        batching.applyWindows(requests, windows -> pool(windows, options.pooling()));
    List<Embedding> results = new ArrayList<>(requests.size());
    for (int i = 0; i < requests.size(); i++) {
      List<Encoding> windows = requests.get(i);
      float[] vector = join(windows, pooled.get(i), options.pooling());
      if (options.normalize()) {
        normalize(vector);
      }
      results.add(
          new Embedding(
              vector,
              tokens(windows),
              windows.size(),
              options.longText() == LongText.WINDOWS ? 0 : windows.getFirst().truncatedTokens()));
    }
    return results;
  }

  private List<float[]> pool(List<Encoding> windows, Pooling pooling) {
    Batch batch = Batch.of(windows);
    Tensor hidden = model.forward(batch, OutputOptions.NONE).lastHiddenState();
    List<float[]> results = new ArrayList<>(windows.size());
    for (int b = 0; b < windows.size(); b++) {
      int from = batch.offsets()[b];
      int to = pooling == Pooling.CLS ? from + 1 : batch.offsets()[b + 1];
      results.add(pool(hidden.rows(from, to).toFloatArray(), dimension(), pooling));
    }
    return results;
  }

  /** One vector of {@code [tokens, columns]}. */
  private static float[] pool(float[] rows, int columns, Pooling pooling) {
    if (pooling == Pooling.MAX) {
      float[] max = Arrays.copyOf(rows, columns);
      for (int i = columns; i < rows.length; i++) {
        max[i % columns] = Math.max(max[i % columns], rows[i]);
      }
      return max;
    }
    double[] sum = new double[columns];
    for (int i = 0; i < rows.length; i++) {
      sum[i % columns] += rows[i];
    }
    return quotient(sum, rows.length / columns);
  }

  /** One vector of the windows': their mean by tokens, or the largest numbers. */
  private static float[] join(List<Encoding> windows, List<float[]> vectors, Pooling pooling) {
    if (vectors.size() == 1) {
      return vectors.getFirst();
    }
    float[] first = vectors.getFirst();
    if (pooling == Pooling.MAX) {
      for (float[] vector : vectors) {
        for (int i = 0; i < first.length; i++) {
          first[i] = Math.max(first[i], vector[i]);
        }
      }
      return first;
    }
    double[] sum = new double[first.length];
    long weights = 0;
    for (int w = 0; w < windows.size(); w++) {
      int weight = pooling == Pooling.CLS ? 1 : windows.get(w).size();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += (double) weight * vectors.get(w)[i];
      }
      weights += weight;
    }
    return quotient(sum, weights);
  }

  private static float[] quotient(double[] sum, long count) {
    float[] mean = new float[sum.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sum[i] / count);
    }
    return mean;
  }

  private static void normalize(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    double length = Math.sqrt(squares);
    if (length > 0) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] = (float) (vector[i] / length);
      }
    }
  }
}
