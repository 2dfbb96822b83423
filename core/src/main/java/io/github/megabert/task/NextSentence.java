// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Says how likely a text continues another one. Thread-safe. */
public final class NextSentence
    implements TextTask<TextPair, NextSentence.Options, NextSentence.Continuation> {
  private final MegatronBertForNextSentencePrediction model;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * How likely the second text continues the first.
   *
   * @param score the probability
   * @param truncatedTokens tokens that were cut off before the model read the texts
   */
  public record Continuation(float score, int truncatedTokens) {
    /** Whether it is likelier than not. */
    public boolean isNext() {
      return score > 0.5f;
    }
  }

  /**
   * The options of a call.
   *
   * @param longText whether a pair that is too long is refused or cut, the longer text first;
   *     windows are not possible
   */
  public record Options(LongText longText) {
    /** A pair that is too long is refused. */
    public static final Options DEFAULT = new Options(LongText.REFUSE);

    /** Checks the values. */
    public Options {
      longText.requireWhole();
    }

    /** The same with another treatment of pairs that are too long. */
    public Options withLongText(LongText value) {
      return new Options(value);
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public NextSentence(
      MegatronBertForNextSentencePrediction model,
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

  /** How likely {@code second} continues {@code first}; texts that are too long are refused. */
  public Continuation apply(String first, String second) {
    return apply(TextPair.of(first, second));
  }

  @Override
  public int tokens(TextPair pair, Options options) {
    return encode(pair, options).size();
  }

  @Override
  public List<Continuation> applyAll(List<TextPair> pairs, Options options) {
    List<Encoding> encodings = pairs.stream().map(pair -> encode(pair, options)).toList();
    return batching.apply(encodings, Encoding::size, this::compute);
  }

  @Override
  public Stream<Continuation> stream(Stream<TextPair> pairs, Options options) {
    return batching.stream(pairs.map(pair -> encode(pair, options)), Encoding::size, this::compute);
  }

  private Encoding encode(TextPair pair, Options options) {
    if (Given.given("the pair of texts", pair).second() == null) {
      throw new IllegalArgumentException("next-sentence prediction needs two texts, not one");
    }
    return encoder.encode(
        pair.first(), pair.second(), options.longText(), Truncation.LONGEST_FIRST);
  }

  private List<Continuation> compute(List<Encoding> encodings) {
    AnswersTimer timer = AnswersTimer.begun();
    Tensor logits = model.forward(Batch.of(encodings), null, OutputOptions.NONE).logits();
    List<Continuation> results = new ArrayList<>(encodings.size());
    for (int i = 0; i < encodings.size(); i++) {
      float[] scores = Softmax.of(logits.rows(i, i + 1).toFloatArray());
      results.add(new Continuation(scores[0], encodings.get(i).truncatedTokens()));
    }
    timer.answered("next-sentence", results.size());
    return results;
  }
}
