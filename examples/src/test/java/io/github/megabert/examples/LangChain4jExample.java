// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.megabert.MegaBert;
import io.github.megabert.langchain4j.MegaBertEmbeddingModel;
import io.github.megabert.langchain4j.MegaBertScoringModel;

final class LangChain4jExample {
  private LangChain4jExample() {}

  static void models(MegaBert bert) {
    EmbeddingModel embeddings = MegaBertEmbeddingModel.of(bert);
    Embedding embedding = embeddings.embed("a dog").content();
    ScoringModel scores = MegaBertScoringModel.ofNextSentence(bert);
    double score = scores.score("it barks.", "a dog is an animal.").content();
    System.out.println(embedding.dimension() + " " + score);
  }
}
