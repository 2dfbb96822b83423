// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.cli.terminal.EscapedOutput;
import io.github.megabert.cli.terminal.Failures;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Messages are sentences, of bounded length, and nothing of a file moves a terminal's cursor. */
class MessagesTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures");
  private static final Path WORDS =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");

  @TempDir private Path folder;

  @Test
  void everyFailureIsASentence() {
    Map<Throwable, String> sentences =
        Map.ofEntries(
            Map.entry(new NoSuchFileException("/a"), "there is no file or folder /a"),
            Map.entry(new FileAlreadyExistsException("/a"), "/a exists already"),
            Map.entry(new NotDirectoryException("/a"), "/a is not a folder"),
            Map.entry(new DirectoryNotEmptyException("/a"), "/a is a folder that is not empty"),
            Map.entry(
                new FileSystemException("/a"), "/a: the system refuses it (FileSystemException)"),
            Map.entry(new FileSystemException("/a", null, "Bad thing"), "/a: Bad thing"),
            Map.entry(new MalformedInputException(1), "what was read is not UTF-8 text"),
            Map.entry(new EOFException(), "a file ends in the middle of its content"),
            Map.entry(
                new UncheckedIOException(new NoSuchFileException("/a")),
                "there is no file or folder /a"),
            Map.entry(
                new ExecutionException(new IllegalStateException("it is closed")), "it is closed"),
            Map.entry(
                new OutOfMemoryError("Java heap space"),
                "the memory does not suffice (Java heap space): give Java more"
                    + " (MEGABERT_JAVA_OPTIONS=-Xmx8g), or take a smaller --batch-size"),
            Map.entry(
                new OutOfMemoryError("unable to create native thread: possibly out of memory"),
                "the system gives no more threads: ask for fewer (--threads)"),
            Map.entry(new StackOverflowError(), "something is nested too deeply to be read"),
            Map.entry(
                new NoClassDefFoundError("io/github/megabert/Thing"),
                "the class io.github.megabert.Thing cannot be loaded: megabert is not whole, or a"
                    + " library is missing beside it"),
            Map.entry(
                new InternalError("a fault occurred"),
                "a file that was being read became shorter, or cannot be read any more (a fault"
                    + " occurred)"));
    sentences.forEach((failure, wanted) -> assertEquals(wanted, Failures.sentence(failure)));
  }

  @Test
  void noMessageIsBareNull() {
    for (Throwable failure :
        new Throwable[] {
          new IOException(),
          new IllegalArgumentException(),
          new IllegalStateException((String) null),
          new UnsupportedOperationException(),
          new NullPointerException(),
          new IOException("null"),
          new AssertionError()
        }) {
      String sentence = Failures.sentence(failure);
      assertTrue(sentence.startsWith("unexpected "), sentence);
      assertTrue(sentence.contains(failure.getClass().getSimpleName()), sentence);
      assertTrue(sentence.contains("--debug"), sentence);
    }
  }

  @Test
  void whatAMessageQuotesIsCutAndTheMessageToo() {
    String quoted =
        Failures.oneLine("the field \"" + "x".repeat(1 << 20) + "\" is no name\nat all");
    assertEquals("the field \"" + "x".repeat(200) + "…\" is no name at all", quoted);
    String whole = Failures.oneLine("begin " + "x".repeat(1 << 20) + " end");
    assertEquals(1003, whole.length());
    assertTrue(whole.startsWith("begin ") && whole.endsWith(" end"), whole);
  }

  private static String escaped(String text, int step) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    try (EscapedOutput out = new EscapedOutput(bytes)) {
      for (int i = 0; i < content.length; i += step) {
        out.write(content, i, Math.min(step, content.length - i));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void controlCharactersBecomeVisibleWhereverTheTextIsSplit() throws IOException {
    String text =
        "a\u001b[31mb\u0007\u007f\u0085\u009bc\u202ed\u2066\te\r\nf\rg\néâ‘€ \u200f – 𝄞 \u00a0\0";
    String wanted =
        "a\\u001b[31mb\\u0007\\u007f\\u0085\\u009bc\\u202ed\\u2066\te\r\nf\\u000dg\néâ‘€ \u200f – 𝄞"
            + " \u00a0\\u0000";
    for (int step = 1; step < 12; step++) {
      assertEquals(wanted, escaped(text, step), "pieces of " + step);
    }
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      String any =
          random
              .ints(40, 0x20, 0x3000)
              .filter(c -> !Character.isISOControl(c) && (c < 0x202a || c > 0x202e))
              .filter(c -> c < 0x2066 || c > 0x2069)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      assertEquals(any, escaped(any, 1 + random.nextInt(9)));
    }
  }

  @Test
  void nothingOfAFileReachesTheTerminalUnescaped() throws IOException {
    Path source = FIXTURES.resolve("pipelines").resolve("text_classification");
    Path model = Files.createDirectory(folder.resolve("model"));
    Files.copy(source.resolve("model.safetensors"), model.resolve("model.safetensors"));
    JsonMapper json = JsonMapper.shared();
    ObjectNode config = (ObjectNode) json.readTree(Files.readString(source.resolve("config.json")));
    ObjectNode labels = config.putObject("id2label");
    for (int i = 0; i < 4; i++) {
      labels.put(String.valueOf(i), "\u001b]0;owned\u0007\u009b31m" + i);
    }
    config.putObject("label2id");
    config.put("\u001b[2J", "\u001b[2J" + "x".repeat(100_000));
    Files.writeString(model.resolve("config.json"), json.writeValueAsString(config));
    for (String[] command :
        new String[][] {
          {"classify", "--model", model.toString(), "--vocab", WORDS.toString(), "a dog"},
          {"inspect", model.toString()},
          {"fill-mask", "--model", model.toString(), "--vocab", WORDS.toString(), "[MASK]"},
          {"classify", "--model", "/no/\u001b[31mred", "text"},
          {"classify", "--\u001b[31mred", "text"}
        }) {
      Terminal terminal = Terminal.run(command);
      String all = terminal.out() + terminal.err();
      assertFalse(all.contains("\u001b"), all);
      assertFalse(all.contains("\u009b") || all.contains("\u0007"), all);
      assertTrue(all.lines().allMatch(line -> line.length() < 1_200), "lines are bounded");
    }
    JsonNode labelled =
        json.readTree(
            Terminal.run(
                    "classify",
                    "--json",
                    "--model",
                    model.toString(),
                    "--vocab",
                    WORDS.toString(),
                    "a dog")
                .out());
    String label = labelled.get("results").get(0).get(0).get("label").stringValue();
    assertTrue(label.startsWith("\u001b]0;owned\u0007\u009b31m"), "JSON has the very label");
  }

  @Test
  void anErrorNamesTheFileThatIsWrong() throws IOException {
    Path config = folder.resolve("other.json");
    Files.writeString(config, "{\"hidden_size\": \"many\"}");
    String model = FIXTURES.resolve("pipelines").resolve("fill_mask").toString();
    for (String[] command :
        new String[][] {
          {"fill-mask", "--model", model, "--config", config.toString(), "[MASK]"},
          {"fill-mask", "--config", config.toString(), "[MASK]"},
          {"inspect", model, "--config", config.toString()},
          {"convert", model, folder.resolve("out").toString(), "--config", config.toString()}
        }) {
      Terminal terminal = Terminal.run(command);
      assertEquals(1, terminal.exitCode());
      assertTrue(terminal.err().contains(config.toString()), terminal.err());
      assertFalse(terminal.err().contains("model.safetensors"), terminal.err());
    }
    Path missing = folder.resolve("no").resolve("vectors.safetensors");
    Terminal output = Terminal.run("embed", "--output", missing.toString(), "a dog");
    assertEquals(1, output.exitCode());
    assertTrue(output.err().contains("megabert: " + missing + " cannot be written"), output.err());
    assertFalse(output.err().contains(".rows"), output.err());
  }

  @Test
  void tokenizeNeedsTokenizerFilesOnly() throws IOException {
    Path words = FIXTURES.resolve("tokenizer").resolve("vocab.txt");
    Path only = Files.createDirectory(folder.resolve("only-words"));
    Files.copy(words, only.resolve("vocab.txt"));
    String wanted = Terminal.run("tokenize", "--vocab", words.toString(), "--json", "a dog").out();
    assertEquals(
        "[101,1037,3899,102]",
        JsonMapper.shared().readTree(wanted).get("results").get(0).get("ids").toString());
    for (String option : new String[] {"--vocab", "--model"}) {
      Terminal terminal = Terminal.run("tokenize", option, only.toString(), "--json", "a dog");
      assertEquals(0, terminal.exitCode(), terminal.err());
      assertEquals(wanted, terminal.out());
    }
    Terminal none = Terminal.run("tokenize", "--model", folder.toString(), "a dog");
    assertEquals(1, none.exitCode());
    assertTrue(none.err().contains("neither a tokenizer.json nor a vocab.txt"), none.err());
  }

  @Test
  void noCommandAdvisesAnOptionThatItLacks() {
    String maskedText = "[MASK]" + " dog".repeat(400);
    Terminal mask = Terminal.run("fill-mask", maskedText);
    assertEquals(1, mask.exitCode());
    assertEquals(
        "megabert: the text \""
            + maskedText.substring(0, 60)
            + "…\" has 403 tokens, the model takes at most 256; shorten it: it is not cut, as that"
            + " could take a mask away\n",
        mask.err());
    String prompt = "dog" + " dog".repeat(400);
    Terminal generate = Terminal.run("generate", prompt);
    assertEquals(1, generate.exitCode());
    assertTrue(
        generate
            .err()
            .endsWith(
                prompt.substring(0, 60)
                    + "…\" has 403 tokens, the model takes at most 256; shorten it, best at its"
                    + " beginning\n"),
        generate.err());
    for (String[] command :
        new String[][] {
          {"classify", "text_classification"},
          {"ner", "token_classification"},
          {"zero-shot", "zero_shot", "--labels", "travel"}
        }) {
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  command[0],
                  "--model",
                  FIXTURES.resolve("pipelines").resolve(command[1]).toString(),
                  "--vocab",
                  WORDS.toString()));
      arguments.addAll(Arrays.asList(command).subList(2, command.length));
      arguments.add(prompt);
      Terminal refused = Terminal.run(arguments.toArray(String[]::new));
      assertEquals(1, refused.exitCode());
      assertTrue(refused.err().contains("--truncate"), refused.err());
      arguments.add("--truncate");
      assertEquals(0, Terminal.run(arguments.toArray(String[]::new)).exitCode(), command[0]);
    }
  }

  @Test
  void theDemoModelSaysThatItWasNotTrainedToContinueTexts() {
    Terminal text = Terminal.run("generate", "--max-new-tokens", "2", "the capital of");
    assertEquals(0, text.exitCode(), text.err());
    assertTrue(text.err().contains("trained to fill gaps, not to continue texts"), text.err());
    Terminal decoder =
        Terminal.run(
            "generate",
            "--model",
            FIXTURES.resolve("transformers").resolve("generation").toString(),
            "--input-ids",
            "5,6",
            "--max-new-tokens",
            "2");
    assertEquals("", decoder.err());
    JsonNode model = JsonMapper.shared().readTree(Terminal.run("inspect", "--json").out());
    assertEquals("[\"text-generation\"]", model.get("untrained_tasks").toString());
    assertFalse(model.get("tasks").toString().contains("text-generation"));
    assertTrue(model.get("tasks").toString().contains("fill-mask"));
  }

  @Test
  void completionOffersNames() {
    String script = Terminal.run("completion").out();
    for (String words :
        new String[] {
          "\"auto\" \"vector\" \"scalar\" \"tornado\"",
          "\"f32\" \"tf32\" \"f16\" \"bf16\" \"int8\"",
          "\"mini\" \"345m\" \"1.3b\" \"3.9b\" \"minilm\" \"bert-base\" \"bert-large\"",
          "\"MegatronBertModel\""
        }) {
      assertTrue(script.contains(words), words);
    }
  }

  @Test
  void examplesOfTheHelpAreNotWrapped() {
    for (String command : Main.commandNames()) {
      String[] footer =
          Main.allCommands().getSubcommands().get(command).getCommandSpec().usageMessage().footer();
      String help = Terminal.run(command, "--help").out();
      for (String line : footer) {
        assertTrue(help.lines().toList().contains(line), command + ": " + line);
      }
    }
  }
}
