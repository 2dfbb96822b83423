// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.store.embedding.EmbeddingMatch;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import io.github.megabert.MegaBert;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The demo model behind LangChain4j's interfaces, with LangChain4j's own store. */
class LangChain4jTest {
  private static MegaBert bert;

  @BeforeAll
  static void open() throws IOException {
    // A small limit keeps the long document of a test short.
    bert = MegaBert.builder().maxLength(48).demo();
  }

  @AfterAll
  static void close() {
    bert.close();
  }

  @Test
  void theInMemoryStoreFindsTheTextItself() {
    EmbeddingModel model = MegaBertEmbeddingModel.of(bert);
    InMemoryEmbeddingStore<TextSegment> store = new InMemoryEmbeddingStore<>();
    List<TextSegment> segments =
        List.of(
            TextSegment.from("a domesticated animal that barks"),
            TextSegment.from("the quality of being rich in money"),
            TextSegment.from("a vehicle that runs on rails"));
    store.addAll(model.embedAll(segments).content(), segments);
    for (TextSegment segment : segments) {
      Embedding query = model.embed(segment.text()).content();
      List<EmbeddingMatch<TextSegment>> matches =
          store
              .search(EmbeddingSearchRequest.builder().queryEmbedding(query).maxResults(1).build())
              .matches();
      assertEquals(segment, matches.getFirst().embedded());
      assertEquals(1, matches.getFirst().score(), 1e-5);
    }
  }

  @Test
  void vectorsAreThePipelines() {
    EmbeddingModel model = MegaBertEmbeddingModel.of(bert);
    Response<Embedding> response = model.embed("a dog");
    TextEmbedding.Embedding expected =
        bert.textEmbedding().apply("a dog", TextEmbedding.Options.DEFAULT.withNormalize(true));
    assertEquals(256, model.dimension());
    assertEquals(expected.tokens(), response.tokenUsage().inputTokenCount());
    double cosine = 0;
    for (int i = 0; i < 256; i++) {
      assertEquals(expected.vector()[i], response.content().vector()[i], 1e-6);
      cosine += (double) expected.vector()[i] * expected.vector()[i];
    }
    assertEquals(1, cosine, 1e-5);
    assertEquals("the demo model", model.modelName());
  }

  @Test
  void scoresAreTheNextSentencePipelines() {
    ScoringModel model = MegaBertScoringModel.ofNextSentence(bert);
    List<TextSegment> texts =
        List.of(
            TextSegment.from("it barks."), TextSegment.from("the bank lends money. ".repeat(20)));
    List<Double> scores = model.scoreAll(texts, "a dog is an animal.").content();
    NextSentence.Continuation expected =
        bert.nextSentence().apply("a dog is an animal.", "it barks.");
    assertEquals(expected.score(), scores.getFirst(), 1e-5);
    assertEquals(2, scores.size());
  }

  /** What sentence-transformers 6.0 gave for the same folders. */
  @Test
  void foldersOfSentenceTransformersDecide() throws IOException {
    Path folders =
        Path.of("..", "core", "src", "test", "resources", "fixtures", "sentence_transformers");
    try (MegaBert encoder = MegaBert.load(folders.resolve("cross_encoder"))) {
      ScoringModel scores = MegaBertScoringModel.of(encoder);
      String query = "Angela Merkel visited Paris in 2015.";
      assertEquals(0.64507705, scores.score("Paris", query).content(), 1e-5);
      assertEquals(
          scores.score("Paris", query).content(),
          MegaBertScoringModel.ofClassification(encoder, "any").score("Paris", query).content());
    }
    try (MegaBert dense = MegaBert.load(folders.resolve("mean_dense"))) {
      MegaBertEmbeddingModel model = MegaBertEmbeddingModel.of(dense);
      assertEquals(20, model.dimension());
      assertArrayEquals(
          dense.textEmbedding().apply("a small dog").vector(),
          model.embed("a small dog").content().vector());
    }
  }

  @Test
  void aModelWithoutTheHeadIsRefused() {
    Exception refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> MegaBertScoringModel.ofClassification(bert, "relevant"));
    assertTrue(refused.getMessage().contains("cannot do ranking"));
  }
}
