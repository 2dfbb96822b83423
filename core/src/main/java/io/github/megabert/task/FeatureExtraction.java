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

/**
 * Gives the model's vectors for every token of a text ({@code transformers}' {@code
 * feature-extraction} pipeline). Thread-safe.
 */
public final class FeatureExtraction {
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

  /** A pipeline over a model that the caller keeps open. */
  public FeatureExtraction(
      MegatronBertModel model, BertTokenizer tokenizer, int maxLength, Batching batching) {
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength);
  }

  /** The vectors of a text's tokens; a text that is too long is refused. */
  public Features apply(String text) {
    return applyAll(List.of(text), LongText.REFUSE).getFirst();
  }

  /**
   * The vectors of many texts' tokens, in the order of the texts.
   *
   * @param longText whether a text that is too long is refused or cut
   * @throws IllegalArgumentException if a text is too long and may not be cut
   */
  public List<Features> applyAll(List<String> texts, LongText longText) {
    List<Encoding> encodings =
        texts.stream()
            .map(text -> encoder.encode(text, null, longText, Truncation.ONLY_FIRST))
            .toList();
    return batching.apply(encodings, Encoding::size, this::compute);
  }

  private List<Features> compute(List<Encoding> encodings) {
    Batch batch = Batch.of(encodings);
    Tensor all = model.forward(batch, OutputOptions.NONE).lastHiddenState();
    List<Features> results = new ArrayList<>(encodings.size());
    for (int b = 0; b < encodings.size(); b++) {
      Tensor rows = all.rows(batch.offsets()[b], batch.offsets()[b + 1]);
      results.add(new Features(copy(rows), encodings.get(b)));
    }
    return results;
  }

  /** A copy, so that one text's vectors do not keep those of its whole batch in memory. */
  private static Tensor copy(Tensor rows) {
    float[] values = rows.toFloatArray();
    Shape shape = Shape.of(rows.shape().toArray());
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, shape);
  }
}
