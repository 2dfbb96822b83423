// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.task.FeatureExtraction;
import io.github.megabert.task.TextEmbedding;
import java.util.List;

final class TextEmbeddingExample {
  private TextEmbeddingExample() {}

  static void similarity(MegaBert bert) {
    TextEmbedding embedding = bert.textEmbedding();
    List<TextEmbedding.Embedding> vectors =
        embedding.applyAll(List.of("a domesticated animal", "an animal kept by people"));
    System.out.println(vectors.get(0).cosine(vectors.get(1)));
  }

  static TextEmbedding.Embedding query(MegaBert bert) {
    EmbeddingConfig files = bert.embeddingConfig();
    TextEmbedding.Embedding query = bert.textEmbedding().apply("a pet", files.options("query"));
    return query;
  }

  static void tokenVectors(MegaBert bert) {
    FeatureExtraction.Features features = bert.featureExtraction().apply("a dog");
    System.out.println(features.vectors().shape() + " " + features.encoding().tokens());
  }
}
