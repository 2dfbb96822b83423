// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Line i of the output belongs to line i of standard input, whatever the lines are. */
class LinesTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "pipelines");
  private static final Path DEMO =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");

  private static final String CROSS_ENCODER =
      FIXTURES.resolveSibling("sentence_transformers").resolve("cross_encoder").toString();

  @TempDir private Path folder;

  /** Every command that reads lines, with a model of its task; fill-mask needs another text. */
  private static String[] command(String name, String task, String... more) {
    List<String> arguments = new ArrayList<>(List.of(name));
    if (name.equals("rank")) {
      arguments.addAll(List.of("--query", "a pet", "--model", CROSS_ENCODER));
    } else if (!task.isEmpty()) {
      arguments.addAll(
          List.of("--model", FIXTURES.resolve(task).toString(), "--vocab", DEMO.toString()));
    }
    if (name.equals("zero-shot")) {
      arguments.addAll(List.of("--labels", "travel,food"));
    }
    if (name.equals("generate")) {
      arguments.addAll(List.of("--max-new-tokens", "2"));
    }
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource({
    "fill-mask, ''",
    "classify, text_classification",
    "ner, token_classification",
    "zero-shot, zero_shot",
    "embed, ''",
    "rank, ''",
    "generate, ''",
    "tokenize, ''"
  })
  void aBlankLineHasANullAndABadOneAnErrorThatNamesIt(String name, String task) {
    String good = name.equals("fill-mask") ? "a [MASK]" : "a dog";
    String bad = "dog ".repeat(600);
    String input = good + "\n \n" + bad + "\n" + good + "\n";
    Terminal terminal = Terminal.runWithInput(input, command(name, task, "--json"));
    JsonNode results = JsonMapper.shared().readTree(terminal.out()).get("results");
    assertEquals(4, results.size(), terminal.out());
    assertEquals(results.get(0), results.get(3));
    assertTrue(results.get(1).isNull());
    boolean anyLength = List.of("embed", "rank", "tokenize").contains(name);
    assertEquals(anyLength ? 0 : 1, terminal.exitCode(), terminal.err());
    if (!anyLength) {
      String error = results.get(2).get("error").stringValue();
      assertTrue(error.startsWith("line 3: "), error);
      assertTrue(error.contains("tokens"), error);
      assertTrue(terminal.err().contains("megabert: " + error), terminal.err());
    }
  }

  @Test
  void asTextABlankAndABadLineAreEmptyLines() {
    Terminal classes =
        Terminal.runWithInput(
            "a dog\n\n" + "dog ".repeat(600) + "\na cat\n",
            command("classify", "text_classification"));
    assertEquals(1, classes.exitCode());
    List<String> lines = classes.out().lines().toList();
    assertEquals(4, lines.size(), classes.out());
    assertEquals("", lines.get(1));
    assertEquals("", lines.get(2));
    assertFalse(lines.get(3).isEmpty());
    assertEquals(1, classes.err().lines().count(), classes.err());
    assertTrue(classes.err().startsWith("megabert: line 3: "), classes.err());
  }

  @Test
  void aLineThatIsNotUtf8IsNamed() {
    byte[] bytes = "a dog\nun caf\u00e9\na cat\n".getBytes(StandardCharsets.ISO_8859_1);
    Terminal terminal =
        Terminal.runWithBytes(bytes, command("classify", "text_classification", "--json"));
    assertEquals(1, terminal.exitCode());
    JsonNode results = JsonMapper.shared().readTree(terminal.out()).get("results");
    assertEquals(3, results.size());
    assertEquals(
        "line 2: not valid UTF-8, byte 7 is 0xE9; convert the text first",
        results.get(1).get("error").stringValue());
  }

  @Test
  void refusedLinesAnywhereCostTheOthersNothing() {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      input.append(i % 7 == 3 ? "no gap here" : "the " + i + " [MASK]").append('\n');
    }
    Terminal terminal = Terminal.runWithInput(input.toString(), "fill-mask", "--json");
    JsonNode results = JsonMapper.shared().readTree(terminal.out()).get("results");
    assertEquals(40, results.size());
    for (int i = 0; i < 40; i++) {
      JsonNode entry = results.get(i);
      if (i % 7 == 3) {
        assertTrue(
            entry.get("error").stringValue().startsWith("line " + (i + 1) + ": "),
            entry.toString());
      } else {
        assertTrue(entry.get(0).get("sequence").stringValue().matches("the " + i + "(\\D.*)?"));
      }
    }
  }

  @Test
  void aRefusedArgumentAmongSeveralIsNamedAndAnOnlyOneIsTheFailure() {
    Terminal several = Terminal.run("fill-mask", "--json", "a [MASK]", "no gap");
    assertEquals(1, several.exitCode());
    JsonNode results = JsonMapper.shared().readTree(several.out()).get("results");
    assertEquals(5, results.get(0).size());
    assertTrue(results.get(1).get("error").stringValue().startsWith("text 2: "));
    Terminal only = Terminal.run("fill-mask", "--json", "no gap");
    assertEquals(1, only.exitCode());
    assertEquals("", only.out());
  }

  @Test
  void vectorsInAFileKeepTheLinesPlaces() throws IOException {
    Path file = folder.resolve("vectors.jsonl");
    Terminal terminal =
        Terminal.runWithInput(
            "a dog\n\na cat\n", command("embed", "", "--json", "--output", file.toString()));
    assertEquals(0, terminal.exitCode(), terminal.err());
    List<String> lines = Files.readAllLines(file);
    assertEquals(3, lines.size());
    assertEquals("null", lines.get(1));
    assertEquals(256, JsonMapper.shared().readTree(lines.get(2)).size());
    JsonNode summary = JsonMapper.shared().readTree(terminal.out());
    assertEquals(3, summary.get("rows").intValue());
    assertEquals(256, summary.get("dimension").intValue());
    assertTrue(terminal.err().contains("1 of the rows"), terminal.err());
  }
}
