// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One question, several about a context, and questions from standard input. */
class AnswerCommandTest {
  private static final Path MODEL =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers")
          .resolve("MegatronBertForQuestionAnswering");
  private static final String QUESTION = "who visited paris?";
  private static final String CONTEXT = "\uD83D\uDE00 Angela Merkel visited Paris.";

  @TempDir Path folder;

  private String[] command(String... more) throws IOException {
    List<String> vocabulary =
        new ArrayList<>(
            List.of(
                "[PAD] [UNK] [CLS] [SEP] [MASK] who visited paris ? ang ##ela mer ##kel ."
                    .split(" ")));
    while (vocabulary.size() < 99) {
      vocabulary.add("u" + vocabulary.size());
    }
    Path file = folder.resolve("vocab.txt");
    Files.write(file, vocabulary);
    List<String> arguments =
        new ArrayList<>(List.of("answer", "--model", MODEL.toString(), "--vocab", file.toString()));
    arguments.addAll(Arrays.asList(more));
    return arguments.toArray(String[]::new);
  }

  private static JsonNode results(Terminal terminal) {
    return JsonMapper.shared().readTree(terminal.out()).get("results");
  }

  @Test
  void placesAreInCodePointsTooAndWordsAreWholeUnlessToldOtherwise() throws IOException {
    Terminal whole = Terminal.run(command("--json", "--question", QUESTION, "--context", CONTEXT));
    assertEquals(0, whole.exitCode(), whole.err());
    JsonNode answer = results(whole).get(0).get(0);
    assertEquals(answer.get("start").intValue() - 1, answer.get("code_point_start").intValue());
    assertEquals(answer.get("end").intValue() - 1, answer.get("code_point_end").intValue());
    Terminal tokens =
        Terminal.run(
            command(
                "--json",
                "--no-align-to-words",
                "--top-k=60",
                "--question",
                QUESTION,
                "--context",
                CONTEXT));
    assertEquals(0, tokens.exitCode(), tokens.err());
    assertTrue(
        results(tokens)
            .get(0)
            .valueStream()
            .anyMatch(a -> a.get("answer").asString().equals("Ang")));
  }

  @Test
  void severalQuestionsAreAnsweredFromOneContextAndFromLines() throws IOException {
    Terminal several =
        Terminal.run(
            command("--json", "--question", QUESTION, "--question", "who?", "--context", CONTEXT));
    assertEquals(0, several.exitCode(), several.err());
    assertEquals(2, results(several).size());
    String lines =
        """
        {"question": "who visited paris?", "context": "%s"}

        {"question": "who?"}
        {"question": "who?", "context": "%s"}
        """
            .formatted(CONTEXT, CONTEXT);
    Terminal piped = Terminal.runWithInput(lines, command("--json"));
    assertEquals(1, piped.exitCode());
    assertTrue(piped.err().contains("line 3: lacks the string \"context\""), piped.err());
    assertEquals(4, results(piped).size());
    assertEquals(results(several).get(0), results(piped).get(0));
    assertTrue(results(piped).get(1).isNull());
    assertTrue(results(piped).get(2).get("error").asString().startsWith("line 3: lacks"));
    assertEquals(results(several).get(1), results(piped).get(3));
  }

  @Test
  void aQuestionWithoutAContextIsWrongUsage() throws IOException {
    Terminal terminal = Terminal.run(command("--question", QUESTION));
    assertEquals(2, terminal.exitCode());
    assertTrue(terminal.err().contains("--question and --context belong together"));
    assertFalse(terminal.out().contains("results"));
  }
}
