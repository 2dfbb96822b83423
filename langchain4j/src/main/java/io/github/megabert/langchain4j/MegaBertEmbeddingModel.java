// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.DimensionAwareEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.util.List;

/**
 * LangChain4j's embedding model on MegaBERT. Thread-safe.
 *
 * <pre>{@code
 * try (MegaBert bert = MegaBert.load(Path.of("my-model"))) {
 *   EmbeddingModel model = MegaBertEmbeddingModel.of(bert);
 *   Embedding embedding = model.embed("a dog").content();
 * }
 * }</pre>
 */
public final class MegaBertEmbeddingModel extends DimensionAwareEmbeddingModel {
  private final TextEmbedding embedding;
  private final TextEmbedding.Options options;
  private final String name;

  private MegaBertEmbeddingModel(
      TextEmbedding embedding, TextEmbedding.Options options, String name) {
    this.embedding = embedding;
    this.options = options;
    this.name = name;
    dimension = embedding.dimension(options);
  }

  /**
   * The vectors that the model was made for, where sentence-transformers saved its folder; of other
   * models means of token vectors, of length 1, long texts being read in windows. The caller keeps
   * the model open, and closes it.
   */
  public static MegaBertEmbeddingModel of(MegaBert bert) {
    return of(bert, bert.embeddingConfig().searchOptions());
  }

  /** Vectors of another kind. */
  public static MegaBertEmbeddingModel of(MegaBert bert, TextEmbedding.Options options) {
    return new MegaBertEmbeddingModel(bert.textEmbedding(), options, bert.checkpoint().source());
  }

  /**
   * The vectors of segments, in their order, and the tokens that were read for them.
   *
   * @throws IllegalArgumentException if a text is too long and the options refuse such texts
   */
  @Override
  public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
    List<TextEmbedding.Embedding> vectors =
        embedding.applyAll(segments.stream().map(TextSegment::text).toList(), options);
    int tokens = vectors.stream().mapToInt(TextEmbedding.Embedding::tokens).sum();
    return Response.from(
        vectors.stream().map(vector -> Embedding.from(vector.vector())).toList(),
        new TokenUsage(tokens));
  }

  @Override
  public String modelName() {
    return name;
  }
}
