// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.cli.option.RankLauncher;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands run by several ranks, threads of this JVM, do what one rank does, and say it once. */
class RanksTest {
  private static final String PIPELINES = "../core/src/test/resources/fixtures/pipelines/";
  private static final String CLASSES = "../core/src/test/resources/fixtures/transformers/";
  private static final String WORDS = "../demo-model/src/main/resources/io/github/megabert/demo";

  @TempDir private Path folder;

  private String[] finetune(Path output, String... more) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                "--max-steps",
                "6",
                "--accumulate",
                "2",
                "--save-every",
                "2",
                "--keep",
                "9",
                "--threads",
                "1"));
    line.addAll(List.of(more));
    return TrainingRuns.finetune(
        TrainingRuns.texts(folder.resolve("train.tsv")), output, line.toArray(String[]::new));
  }

  private static void succeed(String... line) {
    Terminal terminal = Terminal.run(line);
    assertEquals(0, terminal.exitCode(), terminal.err());
    assertEquals(1, terminal.out().lines().count(), terminal.out());
  }

  private static void assertSameLosses(Path wanted, Path got) throws IOException {
    List<MetricsLine> one = TrainingRuns.metrics(wanted);
    List<MetricsLine> many = TrainingRuns.metrics(got);
    assertEquals(6, one.size());
    assertEquals(one.size(), many.size());
    for (int i = 0; i < one.size(); i++) {
      double loss = ((MetricsLine.Step) one.get(i)).loss();
      assertEquals(loss, ((MetricsLine.Step) many.get(i)).loss(), 1e-5 * loss, "step " + (i + 1));
    }
  }

  @Test
  void ranksTrainAsOneDoesAndOtherRanksGoOn() throws IOException {
    Path one = folder.resolve("one");
    succeed(finetune(one));
    Path many = folder.resolve("many");
    succeed(
        finetune(
            many,
            "--ranks",
            "4",
            "--tensor-parallel",
            "2",
            "--sequence-parallel",
            "--distributed-optimizer"));
    assertSameLosses(one, many);
    delete(many.resolve("checkpoints/step-6"));
    delete(many.resolve("checkpoints/step-4"));
    succeed(finetune(many, "--ranks", "2", "--pipeline-parallel", "2", "--resume"));
    assertSameLosses(one, many);
  }

  private static void delete(Path checkpoint) throws IOException {
    try (Stream<Path> files = Files.walk(checkpoint)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void everyCopyOfTheModelHasAPassOfItsOwnWhereNothingIsSaid() throws IOException {
    Path output = folder.resolve("copies");
    Path config = Files.writeString(folder.resolve("tiny.json"), TrainingRuns.TINY);
    Terminal terminal =
        Terminal.run(
            "pretrain",
            "--ranks",
            "2",
            "--data",
            CLASSES + "../training/megatron_data/text_sentence",
            "--config",
            config.toString(),
            "--seq-length",
            "32",
            "--micro-batch-size",
            "2",
            "--split",
            "1",
            "--steps",
            "2",
            "--output",
            output.toString());
    assertEquals(0, terminal.exitCode(), terminal.err());
    String report = Files.readString(output.resolve("report.html"));
    assertTrue(report.contains("--ranks"), report);
    assertEquals(2, TrainingRuns.metrics(output).size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tensor-parallel 2 | 2 | --tensor-parallel 2 takes at least 2 ranks: add --ranks 2",
        "--ranks 3 --tensor-parallel 2 | 2 | 3 ranks are no multiple of 2",
        "--ranks 3 | 2 | a step has 2 passes for 3 copies of the model",
        "--ranks 8 --tensor-parallel 8 | 1 | attention heads cannot be divided among 8",
        "--ranks 2 --sequence-parallel | 2 | --sequence-parallel is for ranks that share layers",
        "--distributed-optimizer | 2 | --distributed-optimizer is for copies of the model",
        "--ranks 2 --output ../docs | 1 | is not empty",
        "--ranks 2 --train none.tsv | 1 | there is no file none.tsv",
        "--ranks 5000 | 1 | a run has 1 to 4096 ranks, not 5000"
      })
  void faultsAreToldOnce(String options, int code, String sentence) throws IOException {
    Path output = folder.resolve("fault");
    List<String> line = new ArrayList<>(List.of(finetune(output)));
    for (String word : options.split(" ", -1)) {
      int at = line.indexOf(word);
      if (word.startsWith("--") && at >= 0) {
        line.remove(at);
        line.remove(at);
      }
      line.add(word);
    }
    Terminal terminal = Terminal.run(line.toArray(String[]::new));
    assertEquals(code, terminal.exitCode(), terminal.err());
    assertTrue(terminal.err().contains(sentence), terminal.err());
    assertEquals(code, terminal.err().lines().count(), terminal.err());
    assertTrue(Files.notExists(output), "nothing is left");
  }

  static Stream<List<String>> answers() {
    return Stream.of(
        List.of("fill-mask", "a dog is a [MASK]."),
        List.of("next-sentence", "a dog.", "it barks."),
        List.of("embed"),
        List.of("generate", "--max-new-tokens", "5", "the capital of"),
        List.of(
            "classify", "--model", PIPELINES + "text_classification", "--vocab", WORDS, "a dog"),
        List.of("ner", "--model", PIPELINES + "token_classification", "--vocab", WORDS, "Anna"));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void ranksThatShareAModelAnswerAsOneDoes(List<String> command) {
    List<String> line = new ArrayList<>(command);
    line.addAll(List.of("--json", "--threads", "1"));
    String input = command.size() == 1 ? "a dog\n\na cat and a mouse\n" : "";
    Terminal one = Terminal.runWithInput(input, line.toArray(String[]::new));
    line.addAll(List.of("--tensor-parallel", "2"));
    Terminal two = Terminal.runWithInput(input, line.toArray(String[]::new));
    assertEquals(one.exitCode(), two.exitCode(), two.err());
    assertEquals(one.err(), two.err());
    assertClose(JsonMapper.shared().readTree(one.out()), JsonMapper.shared().readTree(two.out()));
  }

  /** The same but for the order of sums. */
  private static void assertClose(JsonNode wanted, JsonNode got) {
    assertEquals(wanted.getNodeType(), got.getNodeType());
    if (wanted.isFloatingPointNumber()) {
      assertEquals(wanted.doubleValue(), got.doubleValue(), 2e-5);
    } else if (wanted.isContainer()) {
      assertEquals(wanted.size(), got.size());
      assertEquals(wanted.propertyNames(), got.propertyNames());
      for (int i = 0; i < wanted.size() && wanted.isArray(); i++) {
        assertClose(wanted.get(i), got.get(i));
      }
      wanted.properties().forEach(e -> assertClose(e.getValue(), got.get(e.getKey())));
    } else {
      assertEquals(wanted, got);
    }
  }

  @Test
  void ranksWriteOneFile() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path two = folder.resolve("two.safetensors");
    for (String[] line :
        new String[][] {
          {
            "forward",
            "--model",
            CLASSES + "MegatronBertForSequenceClassification",
            "--hidden-states",
            "--attentions",
            "--inputs",
            "../docs/session/inputs.safetensors"
          },
          {"embed", "a dog", "a cat"}
        }) {
      assertEquals(0, Terminal.run(with(line, "--output", one.toString())).exitCode());
      Terminal terminal =
          Terminal.run(with(line, "--output", two.toString(), "--tensor-parallel", "2"));
      assertEquals(0, terminal.exitCode(), terminal.err());
      try (Safetensors wanted = Safetensors.open(one);
          Safetensors got = Safetensors.open(two)) {
        assertEquals(wanted.names(), got.names());
        for (String name : wanted.names()) {
          float[] numbers = got.tensor(name).toFloatArray();
          float[] expected = wanted.tensor(name).toFloatArray();
          assertEquals(expected.length, numbers.length);
          for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], numbers[i], 2e-5f, name);
          }
        }
      }
    }
  }

  private static String[] with(String[] line, String... more) {
    List<String> all = new ArrayList<>(List.of(line));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void headsThatCannotBeDividedAreTold() {
    Terminal terminal = Terminal.run("fill-mask", "--tensor-parallel", "3", "a [MASK]");
    assertEquals(1, terminal.exitCode());
    assertEquals(
        "megabert: the model's 4 attention heads cannot be divided among 3 tensor-parallel ranks;"
            + " choose a number of ranks that divides them\n",
        terminal.err());
  }

  @Test
  void optionsOfOneRankMayDiffer() {
    assertEquals(
        List.of("pretrain", "--seed", "1"),
        RankLauncher.common(
            List.of("pretrain", "--device", "3", "--seed", "1", "--threads=4", "--device=1")));
  }
}
