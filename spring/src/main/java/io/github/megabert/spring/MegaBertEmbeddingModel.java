// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;

/**
 * Spring AI's embedding model on MegaBERT. Thread-safe.
 *
 * <pre>{@code
 * try (MegaBert bert = MegaBert.load(Path.of("my-model"))) {
 *   EmbeddingModel model = MegaBertEmbeddingModel.of(bert);
 *   float[] vector = model.embed("a dog");
 * }
 * }</pre>
 */
public final class MegaBertEmbeddingModel implements EmbeddingModel {
  private final MegaBert bert;
  private final TextEmbedding.Options options;
  private final String name;
  private final int dimensions;

  private MegaBertEmbeddingModel(MegaBert bert, TextEmbedding.Options options) {
    this.bert = bert;
    this.options = options;
    name = bert.checkpoint().source();
    dimensions = bert.embeddingConfig().dimension(options, bert.config().hiddenSize());
  }

  /**
   * The vectors that the model was made for, where sentence-transformers saved its folder; of other
   * models means of token vectors, of length 1, long texts being read in windows. Weights are
   * loaded for the first vector, if they are not yet. The caller keeps the model open, and closes
   * it.
   *
   * @throws IllegalArgumentException if the model's folder asks for what is not computed
   */
  public static MegaBertEmbeddingModel of(MegaBert bert) {
    return of(bert, bert.embeddingConfig().searchOptions());
  }

  /**
   * Vectors of another kind.
   *
   * @throws IllegalArgumentException if the model has a layer that does not take what the poolings
   *     give
   */
  public static MegaBertEmbeddingModel of(MegaBert bert, TextEmbedding.Options options) {
    return new MegaBertEmbeddingModel(bert, options);
  }

  /**
   * The vectors of texts, in their order, and the tokens that were read for them.
   *
   * @throws IllegalArgumentException if the request asks for another model or another number of
   *     dimensions, or if a text is too long and such texts are refused
   */
  @Override
  public EmbeddingResponse call(EmbeddingRequest request) {
    requireOwn(request.getOptions());
    List<TextEmbedding.Embedding> vectors =
        bert.textEmbedding().applyAll(request.getInstructions(), options);
    List<Embedding> results = new ArrayList<>(vectors.size());
    int tokens = 0;
    for (TextEmbedding.Embedding vector : vectors) {
      results.add(new Embedding(vector.vector(), results.size()));
      tokens += vector.tokens();
    }
    return new EmbeddingResponse(
        results, new EmbeddingResponseMetadata(name, new DefaultUsage(tokens, 0)));
  }

  private void requireOwn(@Nullable EmbeddingOptions asked) {
    if (asked == null) {
      return;
    }
    if (asked.getModel() != null && !asked.getModel().equals(name)) {
      throw new IllegalArgumentException(
          "the embedding model is " + name + ", not " + asked.getModel());
    }
    if (asked.getDimensions() != null && !Objects.equals(asked.getDimensions(), dimensions)) {
      throw new IllegalArgumentException(
          "vectors of the embedding model have "
              + dimensions
              + " dimensions, not "
              + asked.getDimensions());
    }
  }

  @Override
  public float[] embed(String text) {
    return bert.textEmbedding().apply(text, options).vector();
  }

  /** The vector of a document's text with the metadata that its formatter adds for embedding. */
  @Override
  public float[] embed(Document document) {
    return embed(getEmbeddingContent(document));
  }

  @Override
  public int dimensions() {
    return dimensions;
  }
}
