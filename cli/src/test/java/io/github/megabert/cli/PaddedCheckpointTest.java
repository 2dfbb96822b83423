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

/** A Megatron-LM checkpoint of 104 rows, whose arguments tell the padded size alone. */
class PaddedCheckpointTest {
  private static final Path CHECKPOINT =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers")
          .resolve("megatron_v2_args")
          .resolve("model_optim_rng.pt");
  private static final int PADDED = 104;
  private static final int TOKENS = 99;

  @TempDir private Path folder;

  private Path vocabulary() throws IOException {
    List<String> words = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
    while (words.size() < TOKENS) {
      words.add("w" + words.size());
    }
    return Files.write(folder.resolve("words.txt"), words);
  }

  private static void succeed(String... arguments) {
    Terminal terminal = Terminal.run(arguments);
    assertEquals(0, terminal.exitCode(), terminal.err());
  }

  private static JsonNode results(String... arguments) {
    Terminal terminal = Terminal.run(arguments);
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared().readTree(terminal.out()).get("results");
  }

  @Test
  void convertDropsThePaddingThatAGivenTokenizerShows() throws IOException {
    String words = vocabulary().toString();
    Path plain = folder.resolve("plain");
    Path cut = folder.resolve("cut");
    succeed("convert", CHECKPOINT.toString(), plain.toString());
    succeed("convert", CHECKPOINT.toString(), cut.toString(), "--vocab", words);
    for (Path model : List.of(plain, cut)) {
      int rows = model.equals(cut) ? TOKENS : PADDED;
      JsonNode config =
          JsonMapper.shared().readTree(Files.readString(model.resolve("config.json")));
      assertEquals(rows, config.get("vocab_size").intValue());
      try (Safetensors tensors = Safetensors.open(model.resolve("model.safetensors"))) {
        assertEquals(Shape.of(rows, 64), tensors.shape("bert.embeddings.word_embeddings.weight"));
        assertEquals(Shape.of(rows), tensors.shape("cls.predictions.bias"));
      }
    }
    // Loaded as it is, the checkpoint answers as its conversion does.
    JsonNode converted =
        results("fill-mask", "--model", cut.toString(), "--top-k", "200", "--json", "w7 [MASK]");
    JsonNode direct =
        results(
            "fill-mask",
            "--model",
            CHECKPOINT.toString(),
            "--vocab",
            words,
            "--top-k",
            "200",
            "--json",
            "w7 [MASK]");
    assertEquals(TOKENS, converted.get(0).size());
    assertEquals(converted, direct);
  }

  @Test
  void paddingIsNoAnswer() throws IOException {
    String words = vocabulary().toString();
    Path padded = folder.resolve("padded");
    succeed("convert", CHECKPOINT.toString(), padded.toString());
    JsonNode candidates =
        results(
                "fill-mask",
                "--model",
                padded.toString(),
                "--vocab",
                words,
                "--top-k",
                "200",
                "--json",
                "w7 [MASK]")
            .get(0);
    assertEquals(TOKENS, candidates.size());
    candidates.forEach(
        candidate -> assertTrue(candidate.get("token").intValue() < TOKENS, candidate.toString()));
    for (String[] input : new String[][] {{"w7 w8"}, {"--input-ids", "2,7,8"}}) {
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  "generate",
                  "--model",
                  padded.toString(),
                  "--vocab",
                  words,
                  "--temperature",
                  "100",
                  "--top-k",
                  "0",
                  "--return-sequences",
                  "40",
                  "--eos-token-id",
                  "0",
                  "--json"));
      arguments.addAll(List.of(input));
      JsonNode sequences = results(arguments.toArray(String[]::new)).get(0);
      assertEquals(40, sequences.size());
      int tokens = 0;
      for (JsonNode sequence : sequences) {
        for (JsonNode id : sequence.get("token_ids")) {
          assertTrue(id.intValue() < TOKENS, sequence.toString());
          tokens++;
        }
      }
      // As good as evenly drawn from 104 rows, hundreds of tokens would not all miss the five.
      assertTrue(tokens > 300, tokens + " tokens");
    }
  }
}
