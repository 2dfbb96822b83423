// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Gives the model's vectors for every token of a text ({@code transformers}' {@code
 * feature-extraction} pipeline). Thread-safe.
 */
public final class FeatureExtraction
    implements TextTask<String, FeatureExtraction.Options, FeatureExtraction.Features> {
  private final MegatronBertModel model;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * The vectors of a text's tokens.
   *
   * @param vectors {@code [tokens, hidden]}, float32 on the Java heap; {@code [CLS]} is the first,
   *     {@code [SEP]} the last
   * @param encoding the tokens with their places in the text
   */
  public record Features(Tensor vectors, Encoding encoding) {
    /** Tokens that were cut off before the model read the text. */
    public int truncatedTokens() {
      return encoding.truncatedTokens();
    }
  }

  /**
   * The options of a call.
   *
   * @param longText whether a text that is too long is refused or cut; windows are not possible
   */
  public record Options(LongText longText) {
    /** A text that is too long is refused. */
    public static final Options DEFAULT = new Options(LongText.REFUSE);

    /** Checks the values. */
    public Options {
      longText.requireWhole();
    }

    /** The same with another treatment of texts that are too long. */
    public Options withLongText(LongText value) {
      return new Options(value);
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public FeatureExtraction(
      MegatronBertModel model, BertTokenizer tokenizer, int maxLength, Batching batching) {
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
    return encode(text, options).size();
  }

  @Override
  public List<Features> applyAll(List<String> texts, Options options) {
    List<Encoding> encodings = texts.stream().map(text -> encode(text, options)).toList();
    return batching.apply(encodings, Encoding::size, this::compute);
  }

  @Override
  public Stream<Features> stream(Stream<String> texts, Options options) {
    return batching.stream(texts.map(text -> encode(text, options)), Encoding::size, this::compute);
  }

  private Encoding encode(String text, Options options) {
    return encoder.encode(text, null, options.longText(), Truncation.ONLY_FIRST);
  }

  private List<Features> compute(List<Encoding> encodings) {
    AnswersTimer timer = AnswersTimer.begun();
    Batch batch = Batch.of(encodings);
    Tensor all = model.forward(batch, OutputOptions.NONE).lastHiddenState();
    List<Features> results = new ArrayList<>(encodings.size());
    for (int b = 0; b < encodings.size(); b++) {
      Tensor rows = all.rows(batch.offsets()[b], batch.offsets()[b + 1]);
      results.add(new Features(copy(rows), encodings.get(b)));
    }
    timer.answered("feature-extraction", results.size());
    return results;
  }

  /** A copy, so that one text's vectors do not keep those of its whole batch in memory. */
  private static Tensor copy(Tensor rows) {
    float[] values = rows.toFloatArray();
    Shape shape = Shape.of(rows.shape().toArray());
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, shape);
  }
}
