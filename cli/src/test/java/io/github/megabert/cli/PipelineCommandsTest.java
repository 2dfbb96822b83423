// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands print what transformers' pipelines answer, and say what is wrong in one line. */
class PipelineCommandsTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "pipelines");
  private static final Path DEMO =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");

  @TempDir private static Path folder;

  /** A command with the small model of a task. */
  private static String[] command(String name, String task, String... more) throws IOException {
    Path vocabulary = folder.resolve("vocabulary");
    if (!Files.exists(vocabulary)) {
      Files.createDirectories(vocabulary);
      Files.copy(DEMO.resolve("vocab.txt"), vocabulary.resolve("vocab.txt"));
      Files.writeString(
          vocabulary.resolve("tokenizer_config.json"),
          "{\"do_lower_case\":true,\"model_max_length\":64}");
    }
    List<String> arguments =
        new ArrayList<>(
            List.of(
                name,
                "--model",
                FIXTURES.resolve(task).toString(),
                "--vocab",
                vocabulary.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private static JsonNode results(Terminal terminal) {
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared().readTree(terminal.out()).get("results");
  }

  private static JsonNode expected(String task, int index) throws IOException {
    String file = Files.readString(FIXTURES.resolve(task).resolve("expected.json"));
    return JsonMapper.shared().readTree(file).get(index);
  }

  @Test
  void classifyPrintsTransformersLabels() throws IOException {
    JsonNode recorded = expected("text_classification", 1);
    String text = recorded.get("args").get(0).stringValue();
    JsonNode entry =
        results(
                Terminal.run(
                    command("classify", "text_classification", "--json", "--top-k", "0", text)))
            .get(0);
    assertSameKeysAndValues(recorded.get("result"), entry, List.of("label", "score"));
  }

  @Test
  void nerPrintsTransformersEntities() throws IOException {
    JsonNode recorded = expected("token_classification", 0);
    String text = recorded.get("args").get(0).stringValue();
    JsonNode entry =
        results(Terminal.run(command("ner", "token_classification", "--json", text))).get(0);
    assertSameKeysAndValues(
        recorded.get("result"), entry, List.of("entity", "score", "index", "word", "start", "end"));
  }

  @Test
  void nerLeavesOutTheLabelsThatItIsTold() throws IOException {
    String text = expected("token_classification", 0).get("args").get(0).stringValue();
    JsonNode all =
        results(
                Terminal.run(
                    command("ner", "token_classification", "--json", "--ignore-labels=", text)))
            .get(0);
    String label = all.get(0).get("entity").stringValue();
    JsonNode fewer =
        results(
                Terminal.run(
                    command(
                        "ner", "token_classification", "--json", "--ignore-labels", label, text)))
            .get(0);
    long kept = all.valueStream().filter(e -> !e.get("entity").asString().equals(label)).count();
    assertTrue(kept < all.size());
    assertEquals(kept, fewer.size());
  }

  private static void assertSameKeysAndValues(
      JsonNode expected, JsonNode actual, List<String> keys) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      for (String key : keys) {
        JsonNode wanted = expected.get(i).get(key);
        if (wanted.isFloatingPointNumber()) {
          assertEquals(wanted.doubleValue(), actual.get(i).get(key).doubleValue(), 1e-5);
        } else {
          assertEquals(wanted, actual.get(i).get(key));
        }
      }
    }
  }

  @Test
  void zeroShotPrintsTransformersLabels() throws IOException {
    JsonNode recorded = expected("zero_shot", 0);
    String text = recorded.get("args").get(0).stringValue();
    JsonNode entry =
        results(
                Terminal.run(
                    command(
                        "zero-shot",
                        "zero_shot",
                        "--json",
                        "--labels",
                        "politics, travel,food",
                        text)))
            .get(0);
    assertEquals(recorded.get("result").get("labels"), entry.get("labels"));
    assertEquals(text, entry.get("sequence").stringValue());
  }

  @Test
  void embedWritesOneRowAText() throws IOException {
    Path file = folder.resolve("vectors.safetensors");
    String[] command =
        command("embed", "feature_extraction", "--output", file.toString(), "--batch-size", "2");
    Terminal terminal = Terminal.runWithInput("a dog\n\na cat\n" + "long ".repeat(200), command);
    assertEquals(0, terminal.exitCode(), terminal.err());
    try (Safetensors vectors = Safetensors.open(file)) {
      assertEquals(Shape.of(4, 32), vectors.tensor("embeddings").shape());
      float[] rows = vectors.tensor("embeddings").toFloatArray();
      for (int i = 0; i < rows.length; i++) {
        assertEquals(i / 32 == 1, Float.isNaN(rows[i]), "row of the blank line: " + i);
      }
    }
    Terminal lines = Terminal.run(command("embed", "feature_extraction", "a dog", "a cat"));
    assertEquals(2, lines.out().lines().count());
    assertEquals(32, JsonMapper.shared().readTree(lines.out().lines().toList().get(1)).size());
  }

  @Test
  void nextSentenceUsesTheDemoModel() {
    JsonNode entry =
        results(Terminal.run("next-sentence", "--json", "a dog is an animal.", "it barks.")).get(0);
    assertEquals(entry.get("score").doubleValue() > 0.5, entry.get("is_next").booleanValue());
  }

  @Test
  void aModelOfAnotherTaskIsRefusedWithTheTasksThatItCanDo() throws IOException {
    for (String[] arguments :
        List.of(
            command("answer", "zero_shot", "--question", "Who?", "--context", "You."),
            command("choose", "zero_shot", "--prompt", "a", "b"),
            command("ner", "zero_shot", "text"))) {
      Terminal terminal = Terminal.run(arguments);
      assertEquals(1, terminal.exitCode());
      assertEquals("", terminal.out());
      assertTrue(
          terminal.err().contains("it can do text-classification, zero-shot-classification"),
          terminal.err());
    }
  }

  @Test
  void textsTooLongAreRefusedOrCutAndSaidToBe() throws IOException {
    String text = "word ".repeat(100);
    Terminal refused = Terminal.run(command("classify", "text_classification", text));
    assertEquals(1, refused.exitCode());
    assertTrue(refused.err().contains("102 tokens, the model takes at most 64"), refused.err());
    Terminal cut = Terminal.run(command("classify", "text_classification", "--truncate", text));
    assertEquals(0, cut.exitCode());
    assertTrue(cut.err().contains("38 tokens are missing"), cut.err());
  }

  @Test
  void emptyInputAndMissingFilesAreOneClearLine() throws IOException {
    Terminal empty = Terminal.run(command("classify", "text_classification"));
    assertEquals(1, empty.exitCode());
    assertTrue(empty.err().contains("there is no text"), empty.err());
    Terminal missing =
        Terminal.run(
            command("answer", "zero_shot", "--question", "Who?", "--context", "@no-such-file"));
    assertEquals(1, missing.exitCode());
    assertTrue(missing.err().contains("no file or folder no-such-file"), missing.err());
    assertEquals(2, Terminal.run("zero-shot", "text").exitCode());
  }

  @Test
  void nobodyReadingIsNoFailureButAFullDiskIs() throws IOException {
    String input = "a text\n".repeat(3000);
    for (String json : List.of("--json", "--debug")) {
      String[] command = command("classify", "text_classification", json);
      Terminal gone = Terminal.runUntil(100, "Broken pipe", input, command);
      assertEquals(0, gone.exitCode(), gone.err());
      assertEquals("", gone.err());
      assertTrue(gone.out().length() <= 100);
      Terminal full = Terminal.runUntil(100, "No space left on device", input, command);
      assertEquals(1, full.exitCode());
      assertTrue(full.err().contains("standard output cannot be written: No space"), full.err());
    }
    assertEquals(0, Terminal.runUntil(9, "Broken pipe", "", "fill-mask", "--help").exitCode());
  }

  @Test
  void labelsAndVocabulariesOfOtherModelsAreRefused() throws IOException {
    Terminal labels =
        Terminal.run(
            command(
                "classify",
                "text_classification",
                "--config",
                FIXTURES.resolve("zero_shot").resolve("config.json").toString(),
                "text"));
    assertEquals(1, labels.exitCode());
    assertTrue(
        labels.err().contains("3 labels ('contradiction', 'neutral', 'entailment')"), labels.err());
    assertTrue(labels.err().contains("classifier.weight 4"), labels.err());
    Terminal words =
        Terminal.run(
            "classify",
            "--model",
            FIXTURES.resolve("text_classification").toString(),
            "--vocab",
            FIXTURES.resolveSibling("tokenizer").resolve("vocab.txt").toString(),
            "text");
    assertEquals(1, words.exitCode());
    assertTrue(words.err().contains("the tokenizer has 30522 tokens"), words.err());
  }

  @Test
  void manyPromptsAreContinuedAsEachAlone() {
    String input = "the capital of\na dog is\n\nan animal\n".repeat(7);
    Terminal many = Terminal.runWithInput(input, "generate", "--max-new-tokens", "4");
    assertEquals(0, many.exitCode(), many.err());
    List<String> lines = many.out().lines().toList();
    List<String> prompts = input.lines().toList();
    assertEquals(28, lines.size());
    for (int i = 0; i < 4; i++) {
      String prompt = prompts.get(i);
      assertEquals(
          prompt.isEmpty() ? "\n" : Terminal.run("generate", "--max-new-tokens", "4", prompt).out(),
          lines.get(i) + "\n");
      assertEquals(lines.get(i), lines.get(i + 24));
    }
  }

  @Test
  void everyCommandsHelpHasAnExampleAndTheExitCodes() {
    for (String command : Main.commandNames()) {
      if (command.equals("help") || command.equals("bench")) {
        continue;
      }
      Terminal help = Terminal.run(command, "--help");
      assertEquals(0, help.exitCode(), command);
      assertTrue(help.out().contains("Example"), command);
      assertTrue(help.out().contains("1   failure; one line on standard error says why"), command);
    }
    Terminal man = Terminal.run("man");
    for (String command : Main.commandNames()) {
      assertTrue(man.out().contains(".SS " + command.replace("-", "\\-")), command);
    }
    Terminal misspelt = Terminal.run("classify", "--tokp", "3", "text");
    assertEquals(2, misspelt.exitCode());
    assertTrue(misspelt.err().contains("--top-k"), misspelt.err());
    assertTrue(misspelt.err().contains("megabert classify --help"), misspelt.err());
  }
}
