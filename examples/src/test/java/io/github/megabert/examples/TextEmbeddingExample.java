package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FeatureExtraction;
import io.github.megabert.task.TextEmbedding;
import java.util.List;

final class TextEmbeddingExample {
  private TextEmbeddingExample() {}

  static void similarity(MegaBert bert) {
    TextEmbedding embedding = bert.textEmbedding();
    TextEmbedding.Options options = TextEmbedding.Options.DEFAULT.withNormalize(true);
    List<TextEmbedding.Embedding> vectors =
        embedding.applyAll(List.of("a domesticated animal", "an animal kept by people"), options);
    double cosine = 0;
    for (int i = 0; i < embedding.dimension(); i++) {
      cosine += vectors.get(0).vector()[i] * vectors.get(1).vector()[i];
    }
    System.out.println(cosine);
  }

  static void tokenVectors(MegaBert bert) {
    FeatureExtraction.Features features = bert.featureExtraction().apply("a dog");
    System.out.println(features.vectors().shape() + " " + features.encoding().tokens());
  }
}
