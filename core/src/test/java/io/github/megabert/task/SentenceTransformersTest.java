// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Vectors and scores are those of sentence-transformers 6.0. */
class SentenceTransformersTest {
  private static final double BOUND = 1e-5;
  private static final Path MEAN = Fixtures.folder("sentence_transformers/mean");

  @TempDir private Path folder;

  private static JsonNode expected(Path model) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(model.resolve("expected.json")));
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  private static double relativeError(float[] expected, float[] actual) {
    assertEquals(expected.length, actual.length);
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  private static List<String> texts(JsonNode expected) {
    return expected.get("texts").valueStream().map(JsonNode::stringValue).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cls", "mean", "max", "mean_sqrt", "mean_dense"})
  void vectorsAreThoseOfSentenceTransformers(String name) throws IOException {
    Path model = Fixtures.folder("sentence_transformers/" + name);
    JsonNode expected = expected(model);
    List<String> texts = texts(expected);
    assertEquals(6, texts.size());
    try (MegaBert bert = MegaBert.load(model)) {
      TextEmbedding embedding = bert.textEmbedding();
      List<TextEmbedding.Embedding> vectors = embedding.applyAll(texts);
      for (int i = 0; i < texts.size(); i++) {
        float[] vector = floats(expected.get("embeddings").get(i));
        assertEquals(embedding.dimension(), vector.length);
        double error = relativeError(vector, vectors.get(i).vector());
        assertTrue(error <= BOUND, texts.get(i) + " is off by " + error);
      }
    }
  }

  @Test
  void scoresAreThoseOfTheCrossEncoder() throws IOException {
    Path model = Fixtures.folder("sentence_transformers/cross_encoder");
    JsonNode expected = expected(model);
    List<TextPair> pairs =
        expected
            .get("pairs")
            .valueStream()
            .map(pair -> TextPair.of(pair.get(0).stringValue(), pair.get(1).stringValue()))
            .toList();
    float[] scores = floats(expected.get("scores"));
    assertEquals(3, pairs.size());
    try (MegaBert bert = MegaBert.load(model)) {
      CrossEncoder encoder = bert.crossEncoder();
      List<CrossEncoder.Relevance> actual = encoder.applyAll(pairs);
      for (int i = 0; i < scores.length; i++) {
        assertEquals(scores[i], actual.get(i).score(), BOUND * scores[i]);
      }
      List<CrossEncoder.Ranked> ranked =
          encoder.rank(
              pairs.getFirst().first(), List.of(pairs.get(0).second(), pairs.get(2).second()));
      assertEquals(List.of(1, 0), ranked.stream().map(CrossEncoder.Ranked::index).toList());
      assertEquals(scores[2], ranked.getFirst().relevance().score(), BOUND * scores[2]);
      String refusal =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      encoder.apply(
                          pairs.getFirst(), CrossEncoder.Options.DEFAULT.withLabel("good")))
              .getMessage();
      assertTrue(refusal.contains("no label 'good'; it has 'LABEL_0'"), refusal);
    }
  }

  /** The words in which sentence-transformers of both ages says that logits are scores. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"sentence_transformers\": {\"activation_fn\": \"torch.nn.modules.linear.Identity\"}",
        "\"sbert_ce_default_activation_function\": \"torch.nn.modules.linear.Identity\""
      })
  void theActivationOfTheFilesMakesTheScores(String field) throws IOException {
    Path model = Fixtures.folder("sentence_transformers/cross_encoder");
    copy(model);
    write(
        "config.json",
        Files.readString(model.resolve("config.json")).replaceFirst("\\{", "{" + field + ","));
    TextPair pair = TextPair.of("a small dog", "Paris");
    try (MegaBert bert = MegaBert.load(folder);
        MegaBert saved = MegaBert.load(model)) {
      double logit = bert.crossEncoder().apply(pair).score();
      double probability = saved.crossEncoder().apply(pair).score();
      assertEquals(probability, 1 / (1 + Math.exp(-logit)), 1e-6);
    }
  }

  /** The same folder in the words of older versions, and with several poolings at once. */
  @Test
  void olderFilesAndSeveralPoolings() throws IOException {
    copy(MEAN);
    write(
        "modules.json",
        """
        [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
        """);
    write(
        "1_Pooling/config.json",
        """
        {"word_embedding_dimension": 32, "pooling_mode_cls_token": true,
         "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true,
         "pooling_mode_mean_sqrt_len_tokens": true}
        """);
    write("sentence_bert_config.json", "{\"max_seq_length\": 48, \"do_lower_case\": false}");
    String text = "The hotel was wonderful, but the food wasn't good at all!";
    try (MegaBert bert = MegaBert.load(folder);
        MegaBert plain = MegaBert.load(MEAN)) {
      float[] joined = bert.textEmbedding().apply(text).vector();
      List<float[]> parts = new ArrayList<>();
      for (Pooling pooling :
          List.of(Pooling.CLS, Pooling.MAX, Pooling.MEAN, Pooling.MEAN_SQRT_LEN)) {
        parts.add(
            plain
                .textEmbedding()
                .apply(text, TextEmbedding.Options.DEFAULT.withPooling(pooling))
                .vector());
      }
      assertEquals(4 * 32, bert.textEmbedding().dimension());
      for (int p = 0; p < parts.size(); p++) {
        for (int c = 0; c < 32; c++) {
          assertEquals(parts.get(p)[c], joined[32 * p + c]);
        }
      }
    }
  }

  @Test
  void aPromptIsPutBeforeEveryTextAndMayBeLeftOutOfThePooling() throws IOException {
    copy(MEAN);
    write(
        "config_sentence_transformers.json",
        "{\"prompts\": {\"query\": \"a small \", \"document\": \"\"},"
            + " \"default_prompt_name\": null}");
    write("modules.json", Files.readString(MEAN.resolve("modules.json")));
    try (MegaBert bert = MegaBert.load(folder)) {
      TextEmbedding embedding = bert.textEmbedding();
      EmbeddingConfig files = bert.embeddingConfig();
      assertArrayEquals(
          embedding.apply("a small dog").vector(),
          embedding.apply("dog", files.options("query")).vector());
      assertEquals("", files.options("document").prompt());
      String refusal =
          assertThrows(IllegalArgumentException.class, () -> files.options("passage")).getMessage();
      assertTrue(refusal.contains("'passage'; it has 'document', 'query'"), refusal);
    }
    write(
        "config_sentence_transformers.json",
        "{\"prompts\": {\"query\": \"a small \"}, \"default_prompt_name\": \"query\"}");
    write(
        "1_Pooling/config.json",
        "{\"embedding_dimension\": 32, \"pooling_mode\": \"mean\", \"include_prompt\": false}");
    try (MegaBert bert = MegaBert.load(folder)) {
      // [CLS] a small dog [SEP]: the first three do not count.
      FeatureExtraction.Features tokens = bert.featureExtraction().apply("a small dog");
      float[] dog = tokens.vectors().rows(3, 5).toFloatArray();
      float[] mean = new float[32];
      for (int c = 0; c < 32; c++) {
        mean[c] = (dog[c] + dog[32 + c]) / 2;
      }
      float[] expected = new NormalizeStep().apply(mean);
      assertTrue(relativeError(expected, bert.textEmbedding().apply("dog").vector()) < 1e-6);
    }
  }

  @Test
  void poolingsOfTokensAndWindows() {
    float[] rows = {1, -2, 3, 5, 7, -4};
    assertPooled(new float[] {1, -2}, Pooling.CLS, rows);
    assertPooled(new float[] {7, 5}, Pooling.MAX, rows);
    assertPooled(new float[] {11 / 3f, -1 / 3f}, Pooling.MEAN, rows);
    assertPooled(
        new float[] {(float) (11 / Math.sqrt(3)), (float) (-1 / Math.sqrt(3))},
        Pooling.MEAN_SQRT_LEN,
        rows);
    assertPooled(new float[] {28 / 6f, -4 / 6f}, Pooling.WEIGHTED_MEAN, rows);
    assertPooled(new float[] {7, -4}, Pooling.LAST_TOKEN, rows);
    // Two windows, the second of one token.
    PooledWindow[] windows = {
      PooledWindow.of(rows, 2, 0, 3, 0, List.of(Pooling.values())),
      PooledWindow.of(new float[] {0, 0, 9, 1}, 2, 1, 1, 0, List.of(Pooling.values()))
    };
    assertArrayEquals(
        new float[] {5, -0.5f, 9, 5, 5, 0, 10, 0, 37 / 7f, -3 / 7f, 9, 1},
        PooledWindow.join(List.of(windows), List.of(Pooling.values())),
        1e-6f);
  }

  private static void assertPooled(float[] expected, Pooling pooling, float[] rows) {
    PooledWindow window = PooledWindow.of(rows, 2, 0, 3, 0, List.of(pooling));
    assertArrayEquals(
        expected, PooledWindow.join(List.of(window), List.of(pooling)), 1e-6f, pooling.toString());
  }

  @Test
  void aDenseModuleThatDoesNotFitIsRefused() throws IOException {
    Path dense = Fixtures.folder("sentence_transformers/mean_dense");
    try (MegaBert bert = MegaBert.load(dense)) {
      TextEmbedding embedding = bert.textEmbedding();
      TextEmbedding.Options two =
          TextEmbedding.Options.DEFAULT.withPooling(Pooling.CLS, Pooling.MAX);
      String refusal =
          assertThrows(IllegalArgumentException.class, () -> embedding.apply("a dog", two))
              .getMessage();
      assertTrue(refusal.contains("takes vectors of 32 numbers, they have 64"), refusal);
    }
    copy(dense);
    write(
        "2_Dense/config.json",
        "{\"in_features\": 32, \"out_features\": 21, \"bias\": true,"
            + " \"activation_function\": \"torch.nn.modules.activation.Tanh\"}");
    String refusal = assertThrows(IOException.class, () -> EmbeddingConfig.of(folder)).getMessage();
    assertTrue(refusal.contains("of shape [20, 32], its configuration asks"), refusal);
  }

  private void copy(Path model) throws IOException {
    try (Stream<Path> files = Files.walk(model)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(model.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
