// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the command makes of folders that sentence-transformers saved. */
class SentenceTransformersCommandsTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "sentence_transformers");

  @TempDir private Path folder;

  private static JsonNode expected(String name) throws IOException {
    return JsonMapper.shared()
        .readTree(Files.readString(FIXTURES.resolve(name).resolve("expected.json")));
  }

  private static JsonNode results(Terminal terminal) {
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared().readTree(terminal.out()).get("results");
  }

  private static Terminal run(String command, Path model, String... more) {
    List<String> arguments = new ArrayList<>(List.of(command, "--model", model.toString()));
    arguments.addAll(List.of(more));
    return Terminal.run(arguments.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cls", "mean_sqrt", "mean_dense"})
  void embedGivesTheVectorsAlsoOfACopy(String name) throws IOException {
    Path model = FIXTURES.resolve(name);
    JsonNode expected = expected(name);
    List<String> arguments = new ArrayList<>(List.of("--json"));
    expected.get("texts").forEach(text -> arguments.add(text.stringValue()));
    Path copy = folder.resolve("copy");
    Terminal converted = Terminal.run("convert", model.toString(), copy.toString());
    assertEquals(0, converted.exitCode(), converted.err());
    for (Path folder : List.of(model, copy)) {
      JsonNode vectors = results(run("embed", folder, arguments.toArray(String[]::new)));
      for (int i = 0; i < vectors.size(); i++) {
        JsonNode wanted = expected.get("embeddings").get(i);
        assertEquals(wanted.size(), vectors.get(i).size());
        for (int c = 0; c < wanted.size(); c++) {
          assertEquals(
              wanted.get(c).doubleValue(), vectors.get(i).get(c).doubleValue(), 2e-5, name);
        }
      }
    }
  }

  @Test
  void rankPrintsTheBestTextFirstAndTheScoresInTheOrderOfTheTexts() throws IOException {
    Path model = FIXTURES.resolve("cross_encoder");
    JsonNode expected = expected("cross_encoder");
    String query = expected.get("pairs").get(0).get(0).stringValue();
    String first = expected.get("pairs").get(0).get(1).stringValue();
    String second = expected.get("pairs").get(2).get(1).stringValue();
    JsonNode results = results(run("rank", model, "--query", query, "--json", first, second));
    double[] scores = {
      expected.get("scores").get(0).doubleValue(), expected.get("scores").get(2).doubleValue()
    };
    for (int i = 0; i < 2; i++) {
      assertEquals(scores[i], results.get(i).get("score").doubleValue(), 1e-5);
    }
    Terminal text = run("rank", model, "--query", query, first, second);
    assertTrue(scores[1] > scores[0]);
    assertEquals(
        List.of("0.6994  " + second, "0.6451  " + first), text.out().lines().toList(), text.err());
  }

  @Test
  void severalLabelsNeedAName() throws IOException {
    Path model = FIXTURES.resolveSibling("pipelines").resolve("zero_shot");
    String vocab = "../demo-model/src/main/resources/io/github/megabert/demo";
    Terminal refused = run("rank", model, "--vocab", vocab, "--query", "a pet", "a dog");
    assertEquals(1, refused.exitCode());
    assertTrue(refused.err().contains("--label"), refused.err());
    JsonNode labels = JsonMapper.shared().readTree(Files.readString(model.resolve("config.json")));
    String label = labels.get("id2label").get("0").stringValue();
    Terminal ranked =
        run("rank", model, "--vocab", vocab, "--label", label, "--query", "a pet", "a dog");
    assertEquals(0, ranked.exitCode(), ranked.err());
  }

  @Test
  void aPromptAndSeveralPoolings() {
    Path model = FIXTURES.resolve("mean");
    JsonNode whole = results(run("embed", model, "--json", "a small dog"));
    JsonNode prompted = results(run("embed", model, "--json", "--prompt", "a small ", "dog"));
    assertEquals(whole, prompted);
    Terminal unknown = run("embed", model, "--prompt-name", "passage", "dog");
    assertEquals(1, unknown.exitCode());
    assertTrue(unknown.err().contains("no prompt 'passage'"), unknown.err());
    Terminal two = run("embed", model, "--json", "--pooling", "cls,max", "dog");
    assertEquals(64, results(two).get(0).size());
    assertTrue(two.err().contains("--pooling cls,max is used; the model's files say mean"));
  }
}
