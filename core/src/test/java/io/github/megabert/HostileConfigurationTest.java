// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.json.JsonMap;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.tensor.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/** Configurations that nobody means well with are refused in one sentence. */
class HostileConfigurationTest {
  @TempDir Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    Path model = Fixtures.transformers("MegatronBertForSequenceClassification");
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(model.resolve(file), folder.resolve(file));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "layer_norm_eps | 1e400 | a number from 0 to 1",
        "layer_norm_eps | 1e39 | a number from 0 to 1",
        "layer_norm_eps | -1e-12 | a number from 0 to 1",
        "layer_norm_eps | \"1e-12\" | a number from 0 to 1",
        "initializer_range | 1e400 | a finite number",
        "hidden_dropout_prob | 2 | a number from 0 to 1",
        "attention_probs_dropout_prob | true | a number from 0 to 1",
        "tie_word_embeddings | \"no\" | true or false",
        "is_decoder | \"yes\" | true or false",
        "is_decoder | 1 | true or false",
        "add_cross_attention | {} | true or false",
        "architectures | [{}] | a list of strings",
        "architectures | \"MegatronBertModel\" | a list of strings",
        "architectures | [null] | a list of strings",
        "id2label | {\"0\": {}} | an object of indices and labels",
        "id2label | [\"a\", \"b\"] | an object of indices and labels",
        "label2id | {\"a\": {}} | an object of labels and indices",
        "model_type | [] | a string",
        "hidden_act | {} | a string",
        "problem_type | {} | a string",
        "vocab_size | [[]] | a positive integer",
        "vocab_size | 99.5 | a positive integer",
        "hidden_size | 9223372036854775808 | a positive integer",
        "num_hidden_layers | 2000000000 | an integer from 1 to 1000",
        "num_labels | 0 | a positive integer",
        "num_labels | 5000000000 | a positive integer",
        "pad_token_id | {} | a token id or a list of them",
        "eos_token_id | [[]] | a token id or a list of them",
      })
  void aFieldOfAnotherType(String field, String value, String expected) throws IOException {
    set(field, value);
    String message = refusal(CheckpointException.class);
    assertTrue(message.contains(" is wrong: " + field + " is "), message);
    assertTrue(message.contains(expected), message);
    ObjectNode config = StrictJson.readObject(folder.resolve("config.json"));
    IllegalArgumentException contradiction =
        assertThrows(
            IllegalArgumentException.class,
            () -> MegatronBertConfig.of(JsonMap.of(config), "config.json"));
    assertTrue(String.valueOf(contradiction.getMessage()).contains(expected));
  }

  @Test
  void aFieldOfSevenMegabytesIsCut() throws IOException {
    set("hidden_size", "\"" + "\\u001b[2J".repeat(300_000) + "\"");
    String message = refusal(CheckpointException.class);
    assertTrue(message.contains("hidden_size is \"\\u001b[2J\\u001b[2J"), message);
  }

  @ParameterizedTest
  @CsvSource({"5000000", "2000000000"})
  void labelsWithoutEnd(int labels) throws IOException {
    ObjectNode config = StrictJson.readObject(folder.resolve("config.json"));
    config.remove("id2label");
    config.remove("label2id");
    config.put("num_labels", labels);
    StrictJson.writeObject(folder.resolve("config.json"), config);
    assertEquals(labels, MegatronBertConfig.of(JsonMap.of(config), "config.json").numLabels());
    try (MegaBert bert = MegaBert.load(folder)) {
      assertEquals("LABEL_4999999", bert.config().id2label().get(4_999_999));
      IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, bert::model);
      String message = String.valueOf(refusal.getMessage());
      assertTrue(message.contains("has " + labels + " labels") && message.length() < 800, message);
    }
  }

  @Test
  void sizesWithoutTensors() throws IOException {
    for (String field :
        new String[] {
          "vocab_size", "intermediate_size", "max_position_embeddings", "type_vocab_size"
        }) {
      String intact = Files.readString(folder.resolve("config.json"));
      set(field, "2000000000");
      try (MegaBert bert = MegaBert.load(folder)) {
        String message =
            String.valueOf(assertThrows(IllegalArgumentException.class, bert::model).getMessage());
        assertTrue(message.contains("2000000000"), field + ": " + message);
      }
      Files.writeString(folder.resolve("config.json"), intact);
    }
  }

  @Test
  void documentsBeyondTheLimits() throws IOException {
    Path config = folder.resolve("config.json");
    Files.writeString(config, "{\"a\":[" + "[],".repeat(2_600_000) + "0]}");
    assertTrue(refusal(CheckpointException.class).contains("values that are read"));
    Files.writeString(config, "[".repeat(8_000_000));
    assertTrue(refusal(CheckpointException.class).contains("not valid JSON"));
    Files.writeString(config, " ".repeat(8 << 20) + " {}");
    assertTrue(refusal(CheckpointException.class).contains("bytes that are read"));
  }

  @Test
  void whatIsNoRegularFileIsNotOpened() throws Exception {
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Path path = folder.resolve(file);
      byte[] intact = Files.readAllBytes(path);
      Files.delete(path);
      assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
      assertTrue(refusal(CheckpointException.class).contains("is a pipe or a device"));
      Files.delete(path);
      Files.createSymbolicLink(path, Path.of("/dev/zero"));
      assertTrue(refusal(CheckpointException.class).contains("is a pipe or a device"));
      Files.delete(path);
      Files.createDirectory(path);
      assertTrue(refusal(CheckpointException.class).contains("is a folder"));
      Files.delete(path);
      Files.write(path, intact);
    }
  }

  @Test
  void moreThreadsOrBeamsThanAnyMachineHas() {
    assertThrows(IllegalArgumentException.class, () -> BackendOptions.DEFAULT.withThreads(100_000));
    assertThrows(IllegalArgumentException.class, () -> new Workers(100_000));
    for (int count : new int[] {0, 4097, 1_000_000_000}) {
      IllegalArgumentException refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> GenerationOptions.builder().beams(count).build());
      assertEquals("beams must be in 1 … 4096, not " + count, refusal.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> GenerationOptions.builder().sample(true).returnSequences(count).build());
    }
  }

  private void set(String field, String value) throws IOException {
    Path file = folder.resolve("config.json");
    ObjectNode config = StrictJson.readObject(file);
    config.remove(field);
    String text = config.toString();
    Files.writeString(
        file, text.substring(0, text.length() - 1) + ",\"" + field + "\":" + value + "}");
  }

  private <E extends Exception> String refusal(Class<E> type) {
    String message =
        String.valueOf(assertThrows(type, () -> Checkpoint.open(folder).close()).getMessage());
    assertTrue(
        message.length() < 600 && message.chars().noneMatch(Character::isISOControl), message);
    return message;
  }
}
