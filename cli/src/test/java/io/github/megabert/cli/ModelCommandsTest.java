// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Commands about models and tensors, against the demo model's recorded figures and the fixtures.
 */
class ModelCommandsTest {
  private static final Path EVALUATION = Path.of("..", "demo-model", "evaluation");
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers");

  @TempDir private Path folder;

  private static JsonNode json(Terminal terminal) {
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared().readTree(terminal.out());
  }

  private static JsonNode expected() throws IOException {
    return JsonMapper.shared().readTree(Files.readString(EVALUATION.resolve("expected.json")));
  }

  @ParameterizedTest
  @CsvSource({"bf16, 0.003", "f16, 0.003", "int8, 0.02"})
  void narrowWeightsKeepTheMaskedLossOfTheDemoModel(String dtype, double tolerance)
      throws IOException {
    double published = expected().get("evaluation").get("mlm_loss").doubleValue();
    JsonNode got =
        json(
            Terminal.run(
                "evaluate",
                "--json",
                "--dtype",
                dtype,
                "--data",
                EVALUATION.resolve("validation.safetensors").toString()));
    assertEquals(published, got.get("mlm_loss").doubleValue(), tolerance);
  }

  @Test
  void evaluateGivesTheFiguresThatTheModelWasPublishedWith() throws IOException {
    JsonNode wanted = expected().get("evaluation");
    JsonNode got =
        json(
            Terminal.run(
                "evaluate",
                "--json",
                "--data",
                EVALUATION.resolve("validation.safetensors").toString()));
    assertEquals(wanted.get("mlm_loss").doubleValue(), got.get("mlm_loss").doubleValue(), 5e-4);
    assertEquals(
        wanted.get("mlm_accuracy").doubleValue(), got.get("mlm_accuracy").doubleValue(), 3e-4);
    assertEquals(wanted.get("masked_tokens").intValue(), got.get("masked_tokens").intValue());
    assertEquals(wanted.get("sequences").intValue(), got.get("sequences").intValue());
    assertEquals(
        wanted.get("sentence_order_loss").doubleValue(),
        got.get("sentence_order_loss").doubleValue(),
        5e-4);
    assertEquals(
        wanted.get("sentence_order_accuracy").doubleValue(),
        got.get("sentence_order_accuracy").doubleValue(),
        1e-9);
  }

  @Test
  void fillMaskGivesEveryRecordedWordAndProbability() throws IOException {
    JsonNode cases = expected().get("fill_mask");
    assertEquals(7, cases.size());
    StringBuilder input = new StringBuilder();
    for (JsonNode recorded : cases) {
      input.append(recorded.get("text").stringValue()).append('\n');
    }
    JsonNode results =
        json(Terminal.runWithInput(input.toString(), "fill-mask", "--json")).get("results");
    assertEquals(7, results.size());
    for (int i = 0; i < 7; i++) {
      JsonNode top = cases.get(i).get("top5");
      for (int k = 0; k < 5; k++) {
        JsonNode candidate = results.get(i).get(k);
        assertEquals(top.get(k).get(0).stringValue(), candidate.get("token_str").stringValue());
        assertEquals(top.get(k).get(1).doubleValue(), candidate.get("score").doubleValue(), 1e-4);
      }
    }
  }

  @Test
  void tokenizeGivesTheRecordedIds() throws IOException {
    for (JsonNode recorded : expected().get("fill_mask")) {
      JsonNode entry =
          json(Terminal.run("tokenize", "--json", recorded.get("text").stringValue()))
              .get("results")
              .get(0);
      assertEquals(recorded.get("ids"), entry.get("ids"));
    }
    JsonNode clef = json(Terminal.run("tokenize", "--json", "𝄞 ok")).get("results").get(0);
    assertEquals("[3,5]", clef.get("offsets").get(2).toString());
    assertEquals("[2,4]", clef.get("code_point_offsets").get(2).toString());
  }

  @Test
  void forwardWritesWhatTransformersComputed() throws IOException {
    for (String name :
        new String[] {"MegatronBertForPreTraining", "MegatronBertForMultipleChoice"}) {
      Path inputs = folder.resolve(name + ".in.safetensors");
      Path outputs = folder.resolve(name + ".out.safetensors");
      try (Safetensors cases =
          Safetensors.open(FIXTURES.resolve(name).resolve("cases.safetensors"))) {
        Map<String, Tensor> named = new TreeMap<>();
        for (String key : cases.names()) {
          if (key.matches("case1\\.[a-z_]+")) {
            named.put(key.substring(6), cases.tensor(key));
          }
        }
        SafetensorsWriter.write(inputs, named);
        Terminal terminal =
            Terminal.run(
                "forward",
                "--model",
                FIXTURES.resolve(name).toString(),
                "--inputs",
                inputs.toString(),
                "--output",
                outputs.toString(),
                "--hidden-states",
                "--attentions");
        assertEquals(0, terminal.exitCode(), terminal.err());
        try (Safetensors results = Safetensors.open(outputs)) {
          int compared = 0;
          for (String key : cases.names()) {
            if (key.startsWith("case1.out.")) {
              Tensor wanted = cases.tensor(key);
              Tensor got = results.tensor(key.substring(10));
              assertEquals(wanted.shape(), got.shape(), key);
              for (long i = 0; i < wanted.elements(); i++) {
                assertEquals(wanted.getFloat(i), got.getFloat(i), 2e-5, key + " at " + i);
              }
              compared++;
            }
          }
          assertTrue(compared >= 7, name + ": " + compared);
        }
      }
    }
  }

  /** Norm of a difference that is none: some gradients are zero but for rounding. */
  private static final double ROUNDING = 1e-7;

  @ParameterizedTest
  @CsvSource({
    "MegatronBertForPreTraining, vector",
    "MegatronBertForMultipleChoice, vector",
    "MegatronBertForCausalLM, scalar",
    "MegatronBertForQuestionAnswering, vector"
  })
  void forwardWritesTheGradientsThatTransformersComputed(String name, String backend)
      throws IOException {
    Path inputs = folder.resolve("in.safetensors");
    Path outputs = folder.resolve("out.safetensors");
    try (Safetensors cases =
        Safetensors.open(FIXTURES.resolve(name).resolve("cases.safetensors"))) {
      Map<String, Tensor> named = new TreeMap<>();
      for (String key : cases.names()) {
        if (key.matches("case1\\.[a-z_]+")) {
          named.put(key.substring(6), cases.tensor(key));
        }
      }
      SafetensorsWriter.write(inputs, named);
      Terminal terminal =
          Terminal.run(
              "forward",
              "--gradients",
              "--json",
              "--backend",
              backend,
              "--model",
              FIXTURES.resolve(name).toString(),
              "--inputs",
              inputs.toString(),
              "--output",
              outputs.toString());
      double loss = cases.tensor("case1.out.loss").getFloat(0);
      assertEquals(loss, json(terminal).get("loss").doubleValue(), 2e-5 * loss);
      try (Safetensors results = Safetensors.open(outputs)) {
        assertEquals(loss, results.tensor("loss").getFloat(0), 2e-5 * loss);
        int compared = 0;
        for (String key : cases.names()) {
          if (key.startsWith("case1.grad.")) {
            assertGradient(key, cases.tensor(key), results.tensor(key.substring(6)));
            compared++;
          }
        }
        assertTrue(compared >= 39, compared + " gradients");
        assertEquals(compared + 1, results.names().size());
      }
    }
  }

  private static void assertGradient(String name, Tensor wanted, Tensor got) {
    assertEquals(wanted.shape(), got.shape(), name);
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < wanted.elements(); i++) {
      difference += Math.pow((double) got.getFloat(i) - wanted.getFloat(i), 2);
      norm += Math.pow(wanted.getFloat(i), 2);
    }
    double bound = Math.max(2e-5 * Math.sqrt(norm), ROUNDING);
    assertTrue(Math.sqrt(difference) <= bound, name + " is off by " + Math.sqrt(difference / norm));
  }

  @Test
  void gradientsWithoutLabelsAreRefusedInASentence() {
    Terminal terminal =
        Terminal.run(
            "forward",
            "--gradients",
            "--model",
            FIXTURES.resolve("MegatronBertForPreTraining").toString(),
            "--inputs",
            "../docs/session/inputs.safetensors",
            "--output",
            folder.resolve("none.safetensors").toString());
    assertEquals(1, terminal.exitCode(), terminal.out());
    assertTrue(terminal.err().contains("a MegatronBertForPreTraining wants"), terminal.err());
    assertFalse(Files.exists(folder.resolve("none.safetensors")));
  }

  @Test
  void generateGivesTransformersTokens() throws IOException {
    Path model = FIXTURES.resolve("generation");
    try (Safetensors cases = Safetensors.open(model.resolve("cases.safetensors"))) {
      JsonNode entry =
          json(Terminal.run(
                  "generate",
                  "--json",
                  "--model",
                  model.toString(),
                  "--input-ids",
                  "57,92,14,93,58",
                  "--beams",
                  "4"))
              .get("results")
              .get(0);
      int[] wanted = cases.tensor("beam41").toIntArray();
      JsonNode got = entry.get("token_ids");
      assertEquals(wanted.length, got.size());
      for (int i = 0; i < wanted.length; i++) {
        assertEquals(wanted[i], got.get(i).intValue());
      }
    }
  }

  @Test
  void theDemoModelAlsoGeneratesAsADecoder() {
    JsonNode first =
        json(Terminal.run("generate", "--json", "--max-new-tokens", "5", "the capital of"));
    assertEquals(9, first.get("results").get(0).get("token_ids").size());
  }

  @Test
  void inspectShowsTheDemoModel() {
    JsonNode description = json(Terminal.run("inspect", "--json"));
    assertEquals("MegatronBertForPreTraining", description.get("class").stringValue());
    assertEquals("f16", description.get("dtype").stringValue());
    assertEquals(7_043_074, description.get("parameters").intValue());
    assertEquals(256, description.get("config").get("hidden_size").intValue());
  }

  @Test
  void backendsListsWhatIsThereAndWhatIsNot() {
    JsonNode list = json(Terminal.run("backends", "--json"));
    Map<String, JsonNode> byName = new TreeMap<>();
    list.forEach(entry -> byName.put(entry.get("name").stringValue(), entry));
    assertTrue(byName.keySet().containsAll(java.util.List.of("scalar", "tornado", "vector")));
    assertTrue(byName.get("vector").get("available").booleanValue());
    for (JsonNode entry : list) {
      assertEquals(
          entry.get("available").booleanValue(), entry.get("reason").stringValue().isEmpty());
    }
  }

  @Test
  void convertWritesAFolderThatAnswersTheSame() throws IOException {
    Path megatron = folder.resolve("megatron");
    Path back = folder.resolve("back");
    Path source = FIXTURES.resolve("MegatronBertForPreTraining");
    Terminal there =
        Terminal.run(
            "convert",
            source.toString(),
            megatron.toString(),
            "--to",
            "megatron",
            "--tensor-parallel",
            "2",
            "--pipeline-parallel",
            "2");
    assertEquals(1, there.exitCode(), "an intermediate size of 37 has no two halves");
    assertTrue(there.err().contains("37"), there.err());
    Terminal alone =
        Terminal.run("convert", source.toString(), megatron.toString(), "--to", "megatron");
    assertEquals(0, alone.exitCode(), alone.err());
    Terminal home = Terminal.run("convert", megatron.toString(), back.toString());
    assertEquals(0, home.exitCode(), home.err());
    try (Safetensors wanted = Safetensors.open(source.resolve("model.safetensors"));
        Safetensors got = Safetensors.open(back.resolve("model.safetensors"))) {
      String name = "bert.encoder.layer.1.attention.self.key.weight";
      assertEquals(-1, wanted.tensor(name).segment().mismatch(got.tensor(name).segment()));
    }
    Terminal again = Terminal.run("convert", megatron.toString(), back.toString());
    assertEquals(1, again.exitCode());
    assertTrue(again.err().contains(back.toString()), again.err());
  }

  @Test
  void benchPrintsItsFigures() {
    JsonNode figures =
        json(Terminal.run("bench", "--json", "--config", "mini", "--seq", "16", "--runs", "3"));
    assertTrue(figures.get("median_ms").doubleValue() >= figures.get("min_ms").doubleValue());
    assertTrue(figures.get("gflops").doubleValue() > 0);
    assertTrue(figures.get("peak_share").doubleValue() > 0);
    assertTrue(figures.get("backend").stringValue().startsWith("vector"));
    assertFailure(1, "no size \"huge\"", "bench", "--config", "huge");
  }

  @Test
  void completionNamesEveryCommand() {
    Terminal terminal = Terminal.run("completion");
    assertEquals(0, terminal.exitCode(), terminal.err());
    for (String command : new String[] {"fill-mask", "convert", "bench", "zero-shot"}) {
      assertTrue(terminal.out().contains(command), command);
    }
  }

  @Test
  void weightsThatAreNotPackedGiveTheSameAnswers() {
    Terminal packed =
        Terminal.run("fill-mask", "--backend", "vector", "--pack", "load", "--json", "a [MASK].");
    Terminal unpacked =
        Terminal.run("fill-mask", "--backend", "vector", "--pack", "none", "--json", "a [MASK].");
    assertEquals(0, unpacked.exitCode(), unpacked.err());
    assertEquals(packed.out(), unpacked.out());
  }

  @Test
  void failuresAreOneLineAndTheirExitCodes() throws IOException {
    assertFailure(1, "no checkpoint at", "fill-mask", "--model", "/nowhere/at/all", "[MASK]");
    assertFailure(1, "no [MASK]", "fill-mask", "nothing to fill");
    assertFailure(1, "no text", "fill-mask");
    assertFailure(
        1, "tokens, the model takes at most 256", "fill-mask", "a ".repeat(300) + "[MASK]");
    assertFailure(1, "no backend \"gpu\"", "fill-mask", "--backend", "gpu", "a [MASK]");
    assertFailure(1, "TORNADOVM_HOME", "fill-mask", "--backend", "tornado", "a [MASK]");
    assertFailure(1, "f32", "fill-mask", "--backend", "scalar", "--dtype", "int8", "a [MASK]");
    assertFailure(
        1,
        "leave out either the precision (--dtype) or the packing (--pack none)",
        "fill-mask",
        "--backend",
        "vector",
        "--pack",
        "none",
        "--dtype",
        "int8",
        "a [MASK]");
    Path inputs = folder.resolve("in.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          inputs, Map.of("input_ids", Tensor.ofLongs(arena, Shape.of(1, 2), 1, 9000)));
    }
    String output = folder.resolve("out.safetensors").toString();
    assertFailure(1, "token id 9000", "forward", "--inputs", inputs.toString(), "--output", output);
    assertFalse(Files.exists(Path.of(output)));
    assertFailure(2, "Missing required", "forward");
    assertFailure(2, "which command", new String[0]);
    assertFailure(2, "Unmatched argument", "backends", "extra");
  }

  private static void assertFailure(int code, String words, String... arguments) {
    Terminal terminal = Terminal.run(arguments);
    assertEquals(code, terminal.exitCode(), terminal.err());
    assertEquals("", terminal.out());
    assertTrue(terminal.err().contains(words), terminal.err());
    if (code == 1) {
      assertEquals(1, terminal.err().strip().lines().count(), terminal.err());
    }
  }

  @Test
  void aVocabularyOfAnyNameIsCopiedUnderTransformersName() throws IOException {
    Path words = folder.resolve("my-words.txt");
    Files.copy(
        Path.of("..", "demo-model/src/main/resources/io/github/megabert/demo/vocab.txt"), words);
    Path model = FIXTURES.resolveSibling("pipelines").resolve("fill_mask");
    Path whole = folder.resolve("whole");
    Terminal converted =
        Terminal.run("convert", model.toString(), whole.toString(), "--vocab", words.toString());
    assertEquals(0, converted.exitCode(), converted.err());
    Terminal named =
        Terminal.run(
            "fill-mask", "--model", model.toString(), "--vocab", words.toString(), "a [MASK]");
    assertEquals(0, named.exitCode(), named.err());
    assertEquals(
        named.out(), Terminal.run("fill-mask", "--model", whole.toString(), "a [MASK]").out());
  }
}
