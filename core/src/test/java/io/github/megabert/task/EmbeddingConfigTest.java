// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.CheckpointException;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of sentence-transformers are read as they are meant, or refused in one sentence. */
class EmbeddingConfigTest {
  private static final String POOLING = ".Pooling\"";

  @TempDir Path parent;
  private Path folder;

  private void write(String name, String json) throws IOException {
    folder = parent.resolve("model");
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, json);
  }

  private String refusal() {
    String message =
        String.valueOf(
            assertThrows(CheckpointException.class, () -> EmbeddingConfig.of(folder)).getMessage());
    assertTrue(message.startsWith(folder.toString()), message);
    assertTrue(message.length() < 500 + folder.toString().length(), message);
    assertEquals(1, message.lines().count(), message);
    return message.replace(folder.toString(), "model");
  }

  @Test
  void whatSentenceTransformersSavedIsRead() throws Exception {
    URL saved = EmbeddingConfigTest.class.getResource("/fixtures/sentence_transformers/mean");
    if (saved == null) {
      throw new AssertionError("the fixture sentence_transformers/mean is missing");
    }
    assertEquals(
        new EmbeddingConfig(
            List.of(Pooling.MEAN),
            List.of(),
            true,
            Integer.MAX_VALUE,
            false,
            new EmbeddingConfig.Prompts(Map.of("query", "", "document", ""), null, true),
            true,
            "",
            ""),
        EmbeddingConfig.of(Path.of(saved.toURI())));
  }

  @Test
  void aModulesFolderMayBeAnyBelowTheModels() throws IOException {
    write("modules.json", "[{\"type\": \"x.Pooling\", \"path\": \"modules/pool\"}]");
    write("modules/pool/config.json", "{\"pooling_mode\": \"cls\"}");
    assertEquals(List.of(Pooling.CLS), EmbeddingConfig.of(folder).pooling());
    assertFalse(EmbeddingConfig.of(folder).normalize());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../other", "a/../../other", "..", "OUTSIDE", "a\\u0000b"})
  void noPathLeavesTheModelsFolder(String path) throws IOException {
    Files.createDirectories(parent.resolve("other"));
    Files.writeString(parent.resolve("other/config.json"), "{\"pooling_mode\": \"max\"}");
    String named = path.replace("OUTSIDE", parent.resolve("other").toString());
    write("modules.json", "[{\"type\": \"x" + POOLING + ", \"path\": \"" + named + "\"}]");
    assertTrue(refusal().endsWith(", but modules must be folders below the model's own"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "modules.json | {} | model/modules.json holds {} where a list of modules is expected",
        "modules.json | [1] | model/modules.json holds [1] where a list of modules is expected",
        "modules.json | [{\"type\": {}}] "
            + "| model/modules.json: \"type\" is {} where a text is expected",
        "modules.json | [{\"type\": \"x.Pooling\", \"path\": []}] "
            + "| model/modules.json: \"path\" is [] where a text is expected",
        "1_Pooling/config.json | [] "
            + "| model/1_Pooling/config.json holds [] where a JSON object is expected",
        "1_Pooling/config.json | {\"pooling_mode\": 7} "
            + "| model/1_Pooling/config.json: \"pooling_mode\" is 7 where a text is expected",
        "1_Pooling/config.json | {\"pooling_mode\": [{}]} "
            + "| model/1_Pooling/config.json: \"pooling_mode\" is {} where a text is expected",
        "1_Pooling/config.json | {\"pooling_mode_cls_token\": \"yes\"} "
            + "| model/1_Pooling/config.json: \"pooling_mode_cls_token\" is \"yes\" where true or"
            + " false is expected",
        "sentence_bert_config.json | {\"max_seq_length\": 5000000000} "
            + "| model/sentence_bert_config.json: \"max_seq_length\" is 5000000000 where a positive"
            + " number is expected",
        "sentence_bert_config.json | 3 "
            + "| model/sentence_bert_config.json holds 3 where a JSON object is expected",
      })
  void aValueOfAnotherKind(String file, String json, String expected) throws IOException {
    write("1_Pooling/config.json", "{\"pooling_mode\": \"mean\"}");
    write(file, json);
    assertEquals(expected, refusal());
  }

  @Test
  void aTextOfAFileIsQuotedWhereItIsTold() throws IOException {
    write("modules.json", "[{\"type\": \"" + "\\u001b[2J".repeat(100_000) + "\"}]");
    write("1_Pooling/config.json", "{\"pooling_mode\": \"\\u001b[2J" + "y".repeat(9999) + "\"}");
    String unknown = EmbeddingConfig.of(folder).unknown();
    assertTrue(unknown.startsWith("modules.json has the module \\u001b[2J\\u001b"), unknown);
    assertTrue(unknown.length() < 700 + folder.toString().length(), unknown);
    assertTrue(unknown.chars().noneMatch(Character::isISOControl), unknown);
  }
}
