// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A corpus becomes a model that other commands take, in a run that can be killed. */
class PretrainCommandTest {
  private static final Path CORPUS =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "training", "megatron_data")
          .resolve("text_sentence")
          .toAbsolutePath();

  @TempDir private Path folder;

  private String[] line(Path output, String... more) throws IOException {
    Path config = folder.resolve("tiny.json");
    Files.writeString(config, TrainingRuns.TINY);
    List<String> line =
        new ArrayList<>(
            List.of(
                "pretrain",
                "--data",
                CORPUS.toString(),
                "--config",
                config.toString(),
                "--seq-length",
                "32",
                "--micro-batch-size",
                "4",
                "--split",
                "80,15,5",
                "--learning-rate",
                "1e-2",
                "--output",
                output.toString()));
    line.addAll(List.of(more));
    return line.toArray(String[]::new);
  }

  @Test
  void aCorpusBecomesAModel() throws IOException {
    Path output = folder.resolve("model");
    Path events = folder.resolve("events");
    Terminal terminal =
        Terminal.run(
            line(
                output,
                "--steps",
                "6",
                "--global-batch-size",
                "8",
                "--evaluate-every",
                "3",
                "--tensorboard",
                events.toString(),
                "--json"));
    assertEquals(0, terminal.exitCode(), terminal.err());
    JsonNode told = JsonMapper.shared().readTree(terminal.out());
    assertEquals("mlm+sop", told.get("task").asString());
    assertEquals(6, told.get("steps").asInt());
    assertTrue(told.get("validation").get("sentence_order_accuracy").isNumber());
    assertTrue(told.get("test").get("perplexity").isNumber());
    List<MetricsLine> lines = TrainingRuns.metrics(output);
    assertEquals(9, lines.size());
    assertTrue(terminal.err().contains("step 3 of 6, validation: loss "), terminal.err());
    assertTrue(Files.readString(output.resolve("report.html")).contains("--config"));
    try (var files = Files.list(events)) {
      assertEquals(1, files.count());
    }
    Terminal filled =
        Terminal.run("fill-mask", "--model", output.toString(), "--top-k", "1", "a [MASK].");
    assertEquals(0, filled.exitCode(), filled.err());
  }

  @Test
  void aKilledRunGoesOnToTheSameBits() throws Exception {
    Path whole = folder.resolve("whole");
    assertEquals(0, Terminal.run(line(whole, "--steps", "40")).exitCode());
    Path killed = folder.resolve("killed");
    Run run =
        Run.start(
            folder,
            Map.of(),
            Run.java(
                List.of("--add-modules", "jdk.incubator.vector"),
                line(killed, "--steps", "40", "--save-every", "2", "--keep", "40")));
    Run.await("a checkpoint", () -> Files.exists(killed.resolve("checkpoints/step-2/state.json")));
    run.process().destroyForcibly();
    run.process().waitFor();
    Terminal rest =
        Terminal.run(
            line(killed, "--steps", "40", "--save-every", "2", "--keep", "40", "--resume"));
    assertEquals(0, rest.exitCode(), rest.err());
    assertEquals(TrainingRuns.metrics(whole), TrainingRuns.metrics(killed));
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("model.safetensors")),
        Files.readAllBytes(killed.resolve("model.safetensors")));
  }

  @Test
  void checkpointsMayBeMegatronLms() throws IOException {
    Path output = folder.resolve("ranks");
    Terminal terminal =
        Terminal.run(line(output, "--steps", "2", "--save-as", "megatron", "--objective", "mlm"));
    assertEquals(0, terminal.exitCode(), terminal.err());
    Path saved = output.resolve("checkpoints").resolve("step-2");
    assertTrue(Files.exists(saved.resolve("iter_0000002/mp_rank_00/model_optim_rng.pt")));
    Terminal inspected = Terminal.run("inspect", saved.toString(), "--json");
    assertEquals(0, inspected.exitCode(), inspected.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--steps 2 --model x | either --config",
        "--steps 2 --global-batch-size 6 | --global-batch-size 6 is no multiple",
        "--steps 1000000000 | --steps 1000000000 of 4 samples each",
        "--steps 2 --objective clm --max-ngram 2 | --max-ngram is for masked words",
        "--steps 2 --geometric --longer-ngrams | --longer-ngrams has no effect",
        "--steps 2 --seed 0 | --seed 0",
        "--steps 2 --split 1 --evaluate-every 2 | --evaluate-every is for validations",
        "--steps 2 --split 1 --best loss | --best chooses among validations",
        "--steps 2 --split 0,1 | the split 0,1,0 has no document to train on",
        "--steps 2 --seq-length 65 | the model takes 64",
        "--steps 2 --best f1 | has no metric",
        "--steps 2 --vocab ../docs/session/vocab.txt | was it made with this one?"
      })
  void faultsAreSentences(String options, String sentence) throws IOException {
    List<String> all = new ArrayList<>(List.of(line(folder.resolve("none"))));
    for (String word : options.split(" ", -1)) {
      int at = all.indexOf(word);
      if (word.startsWith("--") && at >= 0) {
        all.remove(at);
        all.remove(at);
      }
      all.add(word);
    }
    Terminal terminal = Terminal.run(all.toArray(String[]::new));
    assertTrue(terminal.exitCode() > 0, options);
    assertTrue(terminal.err().contains(sentence), terminal.err());
  }
}
