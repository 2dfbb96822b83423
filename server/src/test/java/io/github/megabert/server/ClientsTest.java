// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.output.Response;
import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that others wrote get the vectors that the task gives. */
class ClientsTest {
  private static final String KEY = "a-key";
  private static final List<String> TEXTS =
      List.of("a dog barks", "the capital of France", "ein Straßenköter 🐕");
  private static final double BOUND = 1e-6;

  private static MegaBertServer server;
  private static List<float[]> expected;

  @BeforeAll
  static void start() throws IOException {
    server = TestServers.demo(TestServers.OPTIONS.withApiKey(ApiKey.of(KEY)));
    try (MegaBert bert = MegaBert.demo()) {
      TextEmbedding.Options options = TextEmbedding.Options.DEFAULT.withNormalize(true);
      expected =
          bert.textEmbedding().applyAll(TEXTS, options).stream()
              .map(TextEmbedding.Embedding::vector)
              .toList();
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String url() {
    return "http://127.0.0.1:" + server.port() + "/v1";
  }

  private static OpenAIClient openAi(String key) {
    return OpenAIOkHttpClient.builder().baseUrl(url()).apiKey(key).maxRetries(0).build();
  }

  @Test
  void openAiWithEitherEncoding() {
    OpenAIClient client = openAi(KEY);
    try {
      for (EmbeddingCreateParams.EncodingFormat format :
          List.of(
              EmbeddingCreateParams.EncodingFormat.FLOAT,
              EmbeddingCreateParams.EncodingFormat.BASE64)) {
        CreateEmbeddingResponse response =
            client
                .embeddings()
                .create(
                    EmbeddingCreateParams.builder()
                        .model("demo")
                        .inputOfArrayOfStrings(TEXTS)
                        .encodingFormat(format)
                        .build());
        assertEquals("demo", response.model());
        assertEquals(TEXTS.size(), response.data().size());
        assertTrue(response.usage().promptTokens() > TEXTS.size());
        for (int i = 0; i < TEXTS.size(); i++) {
          assertEquals(i, response.data().get(i).index());
          List<Float> vector = response.data().get(i).embedding();
          assertEquals(expected.get(i).length, vector.size());
          for (int k = 0; k < vector.size(); k++) {
            assertEquals(expected.get(i)[k], vector.get(k), BOUND);
          }
        }
      }
    } finally {
      client.close();
    }
  }

  @Test
  void openAiUnderstandsTheErrors() {
    OpenAIClient client = openAi(KEY);
    OpenAIClient stranger = openAi("another");
    try {
      EmbeddingCreateParams.Builder params = EmbeddingCreateParams.builder().input("a dog");
      NotFoundException unknown =
          assertThrows(
              NotFoundException.class,
              () -> client.embeddings().create(params.model("text-embedding-3-small").build()));
      assertTrue(
          unknown.getMessage().contains("there is no model 'text-embedding-3-small' here"),
          unknown.getMessage());
      assertThrows(
          UnauthorizedException.class,
          () -> stranger.embeddings().create(params.model("demo").build()));
      assertEquals("demo", client.models().list().data().getFirst().id());
    } finally {
      client.close();
      stranger.close();
    }
  }

  @Test
  void langChain4j() {
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder()
            .baseUrl(url())
            .apiKey(KEY)
            .modelName("demo")
            .maxRetries(0)
            .build();
    Response<List<Embedding>> response =
        model.embedAll(TEXTS.stream().map(TextSegment::from).toList());
    for (int i = 0; i < TEXTS.size(); i++) {
      assertArrayEquals(expected.get(i), response.content().get(i).vector(), (float) BOUND);
    }
    assertTrue(response.tokenUsage().inputTokenCount() > TEXTS.size());
    assertEquals(expected.getFirst().length, model.dimension());
    OpenAiEmbeddingModel shorter =
        OpenAiEmbeddingModel.builder()
            .baseUrl(url())
            .apiKey(KEY)
            .modelName("demo")
            .dimensions(16)
            .maxRetries(0)
            .build();
    float[] cut = shorter.embed(TEXTS.getFirst()).content().vector();
    assertEquals(16, cut.length);
    double squares = 0;
    for (float value : cut) {
      squares += value * value;
    }
    assertEquals(1, squares, 1e-5);
  }
}
