// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the class of a text or of a pair of texts ({@code transformers}' {@code
 * text-classification} pipeline). Thread-safe.
 */
public final class TextClassification
    implements TextTask<String, TextClassification.Options, TextClassification.Classification> {
  private static final String NAME = "text-classification";

  private final MegatronBertForSequenceClassification model;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * The class of a text.
   *
   * @param labels the best labels, the best first; at least one
   * @param truncatedTokens tokens that were cut off before the model read the text
   */
  public record Classification(List<LabelScore> labels, int truncatedTokens) {
    /** The best label. */
    public LabelScore best() {
      return labels.getFirst();
    }
  }

  /**
   * The options of a call.
   *
   * @param topK labels a text; {@link #ALL} for all
   * @param function makes scores of logits; null for the one that fits the model's configuration
   * @param longText whether a text that is too long is refused or cut; windows are not possible
   */
  public record Options(int topK, @Nullable ScoreFunction function, LongText longText) {
    /** As many labels as the model has. */
    public static final int ALL = Integer.MAX_VALUE;

    /** The best label; a text that is too long is refused. */
    public static final Options DEFAULT = new Options(1, null, LongText.REFUSE);

    /** Checks the values. */
    public Options {
      if (topK < 1) {
        throw new IllegalArgumentException("topK must be at least 1, not " + topK);
      }
      longText.requireWhole();
    }

    /** The same with so many labels a text. */
    public Options withTopK(int count) {
      return new Options(count, function, longText);
    }

    /** The same with another function of the logits. */
    public Options withFunction(ScoreFunction value) {
      return new Options(topK, value, longText);
    }

    /** The same with another treatment of texts that are too long. */
    public Options withLongText(LongText value) {
      return new Options(topK, function, value);
    }
  }

  /**
   * A pipeline over a model that the caller keeps open.
   *
   * @param maxLength most tokens of a text or pair, special tokens included
   */
  public TextClassification(
      MegatronBertForSequenceClassification model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching) {
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
  }

  @Override
  public int tokens(String text, Options options) {
    return encode(TextPair.of(text), options).size();
  }

  @Override
  public List<Classification> applyAll(List<String> texts, Options options) {
    return pairs().applyAll(texts.stream().map(TextPair::of).toList(), options);
  }

  @Override
  public Stream<Classification> stream(Stream<String> texts, Options options) {
    return pairs().stream(texts.map(TextPair::of), options);
  }

  /** The best label of a pair of texts. */
  public Classification apply(TextPair pair) {
    return apply(pair, Options.DEFAULT);
  }

  /** The best labels of a pair of texts. */
  public Classification apply(TextPair pair, Options options) {
    return pairs().apply(pair, options);
  }

  /** The same task for pairs of texts. */
  public TextTask<TextPair, Options, Classification> pairs() {
    return pairs(NAME);
  }

  /**
   * The same for another task that classifies pairs.
   *
   * @param taskName what recordings tell its answers by
   */
  TextTask<TextPair, Options, Classification> pairs(String taskName) {
    return new Pairs(taskName);
  }

  /** The task for pairs; that for texts is a case of it. */
  private final class Pairs implements TextTask<TextPair, Options, Classification> {
    private final String name;

    Pairs(String name) {
      this.name = name;
    }

    @Override
    public Options defaultOptions() {
      return Options.DEFAULT;
    }

    @Override
    public int tokens(TextPair pair, Options options) {
      return encode(pair, options).size();
    }

    @Override
    public List<Classification> applyAll(List<TextPair> pairs, Options options) {
      List<Encoding> encodings = pairs.stream().map(pair -> encode(pair, options)).toList();
      return batching.apply(encodings, Encoding::size, batch -> classify(batch, options, name));
    }

    @Override
    public Stream<Classification> stream(Stream<TextPair> pairs, Options options) {
      return batching.stream(
          pairs.map(pair -> encode(pair, options)),
          Encoding::size,
          batch -> classify(batch, options, name));
    }
  }

  private Encoding encode(TextPair pair, Options options) {
    Given.given("the pair of texts", pair);
    return encoder.encode(
        pair.first(), pair.second(), options.longText(), Truncation.LONGEST_FIRST);
  }

  private List<Classification> classify(
      List<Encoding> encodings, Options options, String taskName) {
    AnswersTimer timer = AnswersTimer.begun();
    ScoreFunction function =
        options.function() == null ? ScoreFunction.of(model.config()) : options.function();
    Tensor logits = model.forward(Batch.of(encodings), null, OutputOptions.NONE).logits();
    List<Classification> results = new ArrayList<>(encodings.size());
    for (int i = 0; i < encodings.size(); i++) {
      float[] scores = function.apply(logits.rows(i, i + 1).toFloatArray());
      results.add(
          new Classification(
              LabelScore.best(scores, model.config().id2label()::get, options.topK()),
              encodings.get(i).truncatedTokens()));
    }
    timer.answered(taskName, results.size());
    return results;
  }
}
