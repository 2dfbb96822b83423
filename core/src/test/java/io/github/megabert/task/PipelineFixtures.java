// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.Fixtures;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Small models, and what transformers' pipelines answered with them. */
public final class PipelineFixtures {
  /** The greatest difference of a score. */
  static final double BOUND = 1e-5;

  /** Most tokens that the fixtures' tokenizer gives. */
  static final int MAX_LENGTH = 64;

  private PipelineFixtures() {}

  /** The backends that every fixture runs on: all that are here, scalar and vector among them. */
  public static Stream<String> backends() {
    List<String> names =
        Backends.providers().stream()
            .filter(provider -> provider.availability().available())
            .map(provider -> provider.name())
            .toList();
    if (!names.containsAll(List.of("scalar", "vector"))) {
      throw new AssertionError("only the backends " + names + " are here");
    }
    return names.stream();
  }

  /** A call of a pipeline, and its result. */
  record Case(List<JsonNode> arguments, JsonNode options, JsonNode result) {
    String text() {
      return arguments.getFirst().stringValue();
    }
  }

  /** The recorded calls of a file; there is at least one. */
  static List<Case> cases(String task, String file) throws IOException {
    JsonNode json =
        JsonMapper.shared()
            .readTree(Files.readString(Fixtures.folder("pipelines/" + task).resolve(file)));
    List<Case> cases = new ArrayList<>();
    for (JsonNode node : json) {
      List<JsonNode> arguments = new ArrayList<>();
      node.get("args").forEach(arguments::add);
      cases.add(new Case(arguments, node.get("kwargs"), node.get("result")));
    }
    assertFalse(cases.isEmpty(), task + " has no cases");
    return cases;
  }

  /** The small model of a task, with the demo model's vocabulary. */
  public static MegaBert open(String task, String backend) throws IOException {
    return MegaBert.builder()
        .backend(backend)
        .tokenizer(tokenizerFolder())
        .load(Fixtures.folder("pipelines/" + task));
  }

  /** A folder with the tokenizer that the fixtures were made with. */
  public static Path tokenizerFolder() throws IOException {
    Path folder = Path.of("target", "pipeline-tokenizer").toAbsolutePath();
    if (!Files.exists(folder.resolve("tokenizer_config.json"))) {
      tokenizer().save(Files.createDirectories(folder));
    }
    return folder;
  }

  /** The tokenizer that the fixtures were made with. */
  static BertTokenizer tokenizer() throws IOException {
    Path vocabulary =
        Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo")
            .resolve("vocab.txt");
    return BertTokenizer.of(
        Files.readAllLines(vocabulary),
        TokenizerConfig.UNCASED.toBuilder().modelMaxLength(MAX_LENGTH).build());
  }

  static void assertScore(JsonNode expected, float actual) {
    assertEquals(expected.doubleValue(), actual, BOUND);
  }
}
