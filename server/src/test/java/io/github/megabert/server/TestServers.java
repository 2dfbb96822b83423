// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.MegaBert;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Servers on free ports, with the demo model or the small models that other libraries answered. */
final class TestServers {
  /** Models and what transformers and sentence-transformers made of texts with them. */
  static final Path FIXTURES = Path.of("..", "core", "src", "test", "resources", "fixtures");

  private static final Path WORDS =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");
  private static final Path FEW_WORDS = Path.of("..", "docs", "session", "vocab.txt");

  static final ServerOptions OPTIONS = ServerOptions.DEFAULT.withPort(0);

  private TestServers() {}

  static MegaBertServer demo(Limits limits) {
    return demo(OPTIONS.withLimits(limits));
  }

  static MegaBertServer demo(ServerOptions options) {
    try {
      return MegaBertServer.start(Map.of("demo", MegaBert.demo()), options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All tasks: the demo model first, and a model of random numbers for each other head. */
  static Map<String, MegaBert> models() throws IOException {
    Map<String, MegaBert> models = new LinkedHashMap<>();
    models.put("demo", MegaBert.demo());
    for (String task :
        new String[] {
          "fill_mask",
          "text_classification",
          "token_classification",
          "zero_shot",
          "feature_extraction"
        }) {
      models.put(
          task,
          MegaBert.builder()
              .tokenizer(WORDS)
              .maxLength(64)
              .load(FIXTURES.resolve("pipelines").resolve(task)));
    }
    Path sentences = FIXTURES.resolve("sentence_transformers");
    models.put("sentences", MegaBert.load(sentences.resolve("mean")));
    models.put("cross-encoder", MegaBert.load(sentences.resolve("cross_encoder")));
    Path classes = FIXTURES.resolve("transformers");
    models.put("answers", small(classes.resolve("MegatronBertForQuestionAnswering")));
    models.put("choices", small(classes.resolve("MegatronBertForMultipleChoice")));
    return models;
  }

  private static MegaBert small(Path folder) throws IOException {
    return MegaBert.builder().tokenizer(FEW_WORDS).load(folder);
  }

  /** What another library recorded. */
  static JsonNode expected(String path) throws IOException {
    return JsonMapper.shared()
        .readTree(Files.readString(FIXTURES.resolve(path).resolve("expected.json")));
  }
}
