// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring.application;

import io.github.megabert.MegaBert;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.stereotype.Service;

/** What docs/spring.md shows. */
final class SpringExample {
  private SpringExample() {}

  @Service
  static class Retrieval {
    private final MegaBert bert;
    private final EmbeddingModel embeddings;

    Retrieval(MegaBert bert, EmbeddingModel embeddings) {
      this.bert = bert;
      this.embeddings = embeddings;
    }

    float[] vector(String text) {
      return embeddings.embed(text);
    }

    String word(String text) {
      return bert.fillMask().best(text, 1).getFirst().token();
    }
  }
}
