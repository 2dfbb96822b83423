// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code finetune} on a tiny model: what it writes and prints, and what it refuses. */
class FinetuneCommandTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers");

  @TempDir private Path folder;
  private Path texts = Path.of("");
  private Path output = Path.of("");

  @BeforeEach
  void writeTexts() throws IOException {
    texts = TrainingRuns.texts(folder.resolve("train.tsv"));
    output = folder.resolve("run");
  }

  private Terminal finetune(String... more) {
    return Terminal.run(TrainingRuns.finetune(texts, output, more));
  }

  private static JsonNode json(Terminal terminal) {
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared().readTree(terminal.out());
  }

  private static Set<String> keys(JsonNode object) {
    return new TreeSet<>(object.propertyNames());
  }

  @Test
  void aRunLeavesItsModelMetricsReportAndCheckpoints() throws IOException {
    Path events = folder.resolve("events");
    JsonNode outcome =
        json(
            finetune(
                "--epochs",
                "20",
                "--validation",
                texts.toString(),
                "--test",
                texts.toString(),
                "--tensorboard",
                events.toString(),
                "--keep",
                "3",
                "--json"));
    assertEquals(
        Set.of(
            "task",
            "steps",
            "train_loss",
            "validation",
            "test",
            "best_step",
            "seconds",
            "tokens_per_second",
            "output"),
        keys(outcome));
    assertEquals("classify", outcome.get("task").stringValue());
    // Twelve texts in batches of five are three steps an epoch.
    assertEquals(60, outcome.get("steps").intValue());
    assertEquals(output.toString(), outcome.get("output").stringValue());
    assertEquals(1.0, outcome.get("test").get("accuracy").doubleValue(), "three verbs are learnt");
    assertEquals(outcome.get("validation"), outcome.get("test"));

    List<MetricsLine> lines = TrainingRuns.metrics(output);
    assertEquals(60 + 20 + 1, lines.size());
    double sum = 0;
    for (MetricsLine line : lines) {
      if (line instanceof MetricsLine.Step step) {
        sum += step.loss();
      }
    }
    assertEquals(sum / 60, outcome.get("train_loss").doubleValue(), 1e-9);
    MetricsLine.Evaluation best =
        lines.stream()
            .filter(line -> line instanceof MetricsLine.Evaluation)
            .map(line -> (MetricsLine.Evaluation) line)
            .filter(line -> line.step() == outcome.get("best_step").intValue())
            .findFirst()
            .orElseThrow();
    best.metrics()
        .forEach(
            (name, value) ->
                assertEquals(value, outcome.get("validation").get(name).doubleValue(), name));

    String report = Files.readString(output.resolve("report.html"));
    assertTrue(report.contains("--epochs 20"), "the command");
    assertTrue(report.contains("Confusion matrix") && report.contains("Worst examples"));
    try (Stream<Path> checkpoints = Files.list(output.resolve("checkpoints"))) {
      assertEquals(
          Set.of("step-54", "step-57", "step-60"),
          new TreeSet<>(checkpoints.map(path -> path.getFileName().toString()).toList()));
    }
    try (Stream<Path> files = Files.list(events)) {
      byte[] bytes = Files.readAllBytes(files.findFirst().orElseThrow());
      String content = new String(bytes, StandardCharsets.ISO_8859_1);
      assertTrue(content.contains("train/loss") && content.contains("validation/accuracy"));
    }
    JsonNode answer =
        json(
            Terminal.run(
                "classify", "--json", "--model", output.toString(), "a dog slept in rome"));
    assertEquals("LABEL_1", answer.get("results").get(0).get(0).get("label").stringValue());
  }

  @Test
  void everyTaskTrainsFromItsFilesAndGivesItsMetrics() throws IOException {
    Path conll = folder.resolve("words.conll");
    Files.writeString(conll, "anna B-PER\nvisited O\nrome B-LOC\n\nben B-PER\nslept O\n\n");
    Path questions = folder.resolve("questions.jsonl");
    Files.writeString(
        questions,
        """
        {"id": "a", "question": "who slept ?", "context": "anna slept in rome .", \
        "answers": {"text": ["anna"], "answer_start": [0]}}
        """);
    Path choices = folder.resolve("choices.jsonl");
    Files.writeString(
        choices,
        """
        {"prompt": "a cat", "choices": ["slept", "asked"], "label": 0}
        """);
    Path pairs = folder.resolve("pairs.tsv");
    Files.writeString(
        pairs, "text\tpair\tlabel\na cat\tit slept\tis_next\na dog\tnew train\tnot_next\n");
    Path plain = folder.resolve("plain.txt");
    Files.writeString(plain, "anna and ben went to rome .\na cat slept on the sofa .\n");
    assertTask("ner", "TokenClassification", conll, "f1", "precision", "recall");
    assertTask("answer", "QuestionAnswering", questions, "exact_match", "f1");
    assertTask("choose", "MultipleChoice", choices, "accuracy");
    assertTask("next-sentence", "NextSentencePrediction", pairs, "accuracy");
    assertTask("mlm", "MaskedLM", plain, "perplexity");
    assertTask("clm", "CausalLM", plain, "perplexity");
  }

  private void assertTask(String task, String modelClass, Path file, String... metrics) {
    Path run = folder.resolve(task);
    List<String> line =
        new ArrayList<>(
            List.of(
                "finetune",
                "--task",
                task,
                "--model",
                FIXTURES.resolve("MegatronBertForPreTraining").toString(),
                "--vocab",
                TrainingRuns.WORDS.toString(),
                "--train",
                file.toString(),
                "--test",
                file.toString(),
                "--max-steps",
                "2",
                "--output",
                run.toString(),
                "--json"));
    JsonNode outcome = json(Terminal.run(line.toArray(String[]::new)));
    for (String metric : metrics) {
      assertTrue(outcome.get("test").has(metric), task + ": " + outcome);
    }
    assertTrue(outcome.get("validation").isNull(), outcome.toString());
    assertEquals(2, outcome.get("steps").intValue());
    JsonNode config = json(Terminal.run("inspect", run.toString(), "--json"));
    assertEquals("MegatronBertFor" + modelClass, config.get("class").stringValue());
    assertTrue(Files.isRegularFile(run.resolve("report.html")));
  }

  @Test
  void rowsInTheOrderOfTheFileAndFrozenParametersStay() throws IOException {
    Terminal terminal =
        finetune(
            "--max-steps",
            "2",
            "--no-shuffle",
            "--freeze",
            "bert.*",
            "--freeze",
            "classifier.b?as");
    assertEquals(0, terminal.exitCode(), terminal.err());
    try (Safetensors before = Safetensors.open(TrainingRuns.MODEL.resolve("model.safetensors"));
        Safetensors after = Safetensors.open(output.resolve("model.safetensors"))) {
      List<String> changed =
          before.names().stream()
              .filter(
                  name -> {
                    for (long i = 0; i < before.tensor(name).elements(); i++) {
                      if (before.tensor(name).getFloat(i) != after.tensor(name).getFloat(i)) {
                        return true;
                      }
                    }
                    return false;
                  })
              .toList();
      assertEquals(List.of("classifier.weight"), changed);
    }
  }

  @Test
  void earlyStoppingEndsARunThatGetsNoBetter() throws IOException {
    // A rate so low that float32 weights stay as they are: no validation beats the first.
    List<String> more =
        new ArrayList<>(
            List.of(
                "--learning-rate",
                "1e-20",
                "--epochs",
                "50",
                "--validation",
                texts.toString(),
                "--early-stopping",
                "3",
                "--json"));
    JsonNode outcome = json(finetune(more.toArray(String[]::new)));
    assertEquals(4 * 3, outcome.get("steps").intValue());
    assertEquals(3, outcome.get("best_step").intValue());
    more.add("--resume");
    JsonNode resumed = json(finetune(more.toArray(String[]::new)));
    assertEquals(4 * 3, resumed.get("steps").intValue(), "it had ended");
    assertEquals(outcome.get("validation"), resumed.get("validation"));
  }

  @Test
  void aRunIsNotWrittenOverAndAFinishedOneResumesToTheSame() throws IOException {
    String[] more = {"--max-steps", "4", "--test", texts.toString(), "--json"};
    JsonNode first = json(finetune(more));
    List<MetricsLine> lines = TrainingRuns.metrics(output);
    Terminal again = finetune(more);
    assertRefused(again, 1, output + " is not empty; name a new folder, or resume the run in it");
    String[] resume = {"--max-steps", "4", "--test", texts.toString(), "--json", "--resume"};
    JsonNode second = json(finetune(resume));
    assertEquals(first.get("test"), second.get("test"));
    assertEquals(first.get("train_loss"), second.get("train_loss"));
    assertEquals(lines, TrainingRuns.metrics(output));
    Terminal other = finetune("--max-steps", "5", "--resume");
    assertRefused(
        other,
        1,
        "is of a run with other options or data (4 steps, now 5 steps; steps=4, now steps=5);");
    Terminal none =
        Terminal.run(TrainingRuns.finetune(texts, folder.resolve("nothing"), "--resume"));
    assertRefused(none, 2, "--resume: there is no folder of a run");
    Path bare = Files.createDirectory(folder.resolve("empty"));
    assertRefused(
        Terminal.run(TrainingRuns.finetune(texts, bare, "--resume")),
        1,
        "has no checkpoint to resume from");
  }

  /** In bfloat16 the run is another, on either backend, and its model a file like any other. */
  @Test
  void aRunInBFloat16LearnsAndIsResumedInBFloat16Alone() throws IOException {
    String[] more = {"--max-steps", "40", "--test", texts.toString(), "--json"};
    JsonNode exact = json(finetune(more));
    Path inFloat32 = output;
    output = folder.resolve("bf16");
    String[] narrow = Arrays.copyOf(more, more.length + 2);
    narrow[more.length] = "--dtype";
    narrow[more.length + 1] = "bf16";
    JsonNode rounded = json(finetune(narrow));
    double loss = exact.get("train_loss").doubleValue();
    assertEquals(loss, rounded.get("train_loss").doubleValue(), 0.05 * loss);
    assertNotEquals(loss, rounded.get("train_loss").doubleValue());
    assertEquals(1.0, rounded.get("test").get("accuracy").doubleValue());
    assertEquals(
        "f32", json(Terminal.run("inspect", output.toString(), "--json")).get("dtype").asString());
    assertRefused(finetune("--max-steps", "40", "--resume"), 1, " in bf16, ");
    output = inFloat32;
    assertRefused(finetune("--max-steps", "40", "--dtype", "bf16", "--resume"), 1, " in f32, ");
    output = folder.resolve("scalar");
    json(finetune("--max-steps", "2", "--dtype", "bf16", "--backend", "scalar", "--json"));
    double first = firstLoss(folder.resolve("bf16"));
    assertEquals(first, firstLoss(output), 1e-3 * first, "the oracle rounds the same numbers");
  }

  private static double firstLoss(Path run) throws IOException {
    return ((MetricsLine.Step) TrainingRuns.metrics(run).getFirst()).loss();
  }

  private static void assertRefused(Terminal terminal, int code, String sentence) {
    assertEquals(code, terminal.exitCode(), terminal.err());
    assertEquals("", terminal.out());
    assertTrue(terminal.err().contains(sentence), terminal.err());
    assertEquals(
        1, terminal.err().lines().filter(line -> !line.contains(" see ")).count(), terminal.err());
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunInASentence() {
    Terminal terminal = finetune("--learning-rate", "1e30", "--clip", "0");
    assertRefused(terminal, 1, "of step 2 is NaN, so the run ends");
    assertFalse(terminal.err().contains("unexpected"), terminal.err());
  }

  @Test
  void dataThatCannotBeLearntFromIsRefusedByFileAndLine() throws IOException {
    Path empty = Files.writeString(folder.resolve("empty.tsv"), "");
    Path header = Files.writeString(folder.resolve("header.tsv"), "text\tlabel\n");
    Path unknown =
        Files.writeString(
            folder.resolve("unknown.tsv"), "text\tlabel\na cat\tLABEL_0\na dog\tdogs\n");
    Path columns = Files.writeString(folder.resolve("columns.tsv"), "a\tb\nc\td\n");
    assertRefused(Terminal.run(TrainingRuns.finetune(empty, output)), 1, empty + " ");
    assertRefused(Terminal.run(TrainingRuns.finetune(header, output)), 1, header + " ");
    assertRefused(Terminal.run(TrainingRuns.finetune(unknown, output)), 1, unknown + ", line 3: ");
    assertRefused(Terminal.run(TrainingRuns.finetune(columns, output)), 1, columns + " has no");
    assertRefused(finetune("--validation", unknown.toString()), 1, unknown + ", line 3: ");
    assertRefused(finetune("--test", empty.toString()), 1, empty + " ");
    Path missing = folder.resolve("missing.tsv");
    assertRefused(Terminal.run(TrainingRuns.finetune(missing, output)), 1, missing.toString());
    assertFalse(Files.exists(output), "nothing was begun");
  }

  @Test
  void aFolderThatCannotBeMadeIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    Terminal terminal = Terminal.run(TrainingRuns.finetune(texts, file.resolve("run")));
    assertEquals(1, terminal.exitCode());
    assertTrue(terminal.err().contains(file.toString()), terminal.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--early-stopping 2 | --validation",
        "--best accuracy | --validation",
        "--evaluate-every 2 | --save-every",
        "--epochs 2 --max-steps 3 | --max-steps",
        "--warmup-steps 2 --warmup-ratio 0.1 | --warmup-ratio",
        "--dtype f16 | BF16",
        "--pair-column x | --text-column",
        "--freeze nothing.* | --freeze nothing.* is the name of no parameter",
        "--freeze * | leaves nothing to train",
        "--task answer --text-column x | --text-column",
        "--task answer --label-smoothing 0.1 | --label-smoothing",
        "--task choose --label-column x | --label-column",
        "--task mlm --label-column x | --label-column",
        "--task ner --text-column x --pair-column y | --pair-column",
        "--threads 2 --backend scalar | --threads",
        "--task translate | --task",
        "--dropout 1 | --dropout",
        "--schedule step | inverse-sqrt",
      })
  void whatDoesNotApplyIsWrongUsage(String more, String named) {
    List<String> line = new ArrayList<>(List.of(TrainingRuns.finetune(texts, output)));
    List<String> words = List.of(more.split(" "));
    if (words.contains("--task")) {
      line.remove(2);
      line.remove(1);
    }
    line.addAll(words);
    assertRefused(Terminal.run(line.toArray(String[]::new)), 2, named);
    assertFalse(Files.exists(output), "nothing was begun");
  }

  @Test
  void anUnknownMetricIsRefusedWithThoseThatThereAre() {
    Terminal terminal = finetune("--validation", texts.toString(), "--best", "bleu");
    assertRefused(terminal, 1, "f1_macro");
    assertFalse(Files.exists(output), "nothing was begun");
  }
}
