// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceFolderTest {
  @TempDir Path folder;

  @Test
  void namesOfABareBaseModelAreLiftedAndTheBareOnesStayAddressable() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      assertTrue(checkpoint.names().stream().allMatch(name -> name.startsWith("bert.")));
      assertEquals(
          checkpoint.tensor("bert.pooler.dense.bias").segment(),
          checkpoint.tensor("pooler.dense.bias").segment());
      assertEquals(64, checkpoint.config().get("hidden_size"));
    }
  }

  @Test
  void theDecoderBiasIsTheBiasOfThePredictions() throws IOException {
    try (Checkpoint checkpoint =
        Checkpoint.open(Fixtures.transformers("MegatronBertForMaskedLM"))) {
      assertFalse(checkpoint.names().contains("cls.predictions.decoder.bias"));
      assertEquals(
          checkpoint.tensor("cls.predictions.bias").segment(),
          checkpoint.tensor("cls.predictions.decoder.bias").segment());
      assertEquals(Shape.of(99, 64), checkpoint.shape("cls.predictions.decoder.weight"));
    }
  }

  @Test
  void keysOfEveryAgeAreUnderstood() throws IOException {
    write(
        "{}",
        "embeddings.word_embeddings.weight",
        "embeddings.position_ids",
        "encoder.layer.0.attention.ln.gamma",
        "encoder.layer.0.attention.ln.beta",
        "cls.predictions.transform.LayerNorm.gamma",
        "cls.predictions.decoder.bias");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(
          Set.of(
              "bert.embeddings.word_embeddings.weight",
              "bert.encoder.layer.0.attention.ln.weight",
              "bert.encoder.layer.0.attention.ln.bias",
              "cls.predictions.transform.LayerNorm.weight",
              "cls.predictions.bias"),
          checkpoint.names());
      assertEquals(0, checkpoint.tensor("cls.predictions.decoder.weight").getFloat(0));
      assertThrows(IllegalArgumentException.class, () -> checkpoint.shape("missing"));
    }
  }

  @Test
  void anUntiedDecoderKeepsItsOwnBiasAndHasNoBorrowedWeight() throws IOException {
    write(
        "{\"tie_word_embeddings\": false}",
        "bert.embeddings.word_embeddings.weight",
        "cls.predictions.bias",
        "cls.predictions.decoder.bias");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(2, checkpoint.tensor("cls.predictions.bias").getFloat(0));
      assertThrows(
          IllegalArgumentException.class,
          () -> checkpoint.tensor("cls.predictions.decoder.weight"));
    }
  }

  @Test
  void aParameterStoredUnderTwoNamesIsRefused() throws IOException {
    write("{}", "encoder.ln.weight", "bert.encoder.ln.gamma");
    assertRefused("holds both 'encoder.ln.weight' and 'bert.encoder.ln.gamma'");
  }

  @Test
  void shardsAreReadThroughTheirIndex() throws IOException {
    shards("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(Set.of("a", "b"), checkpoint.names());
      assertEquals(0, checkpoint.tensor("a").getFloat(0));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":\"two.safetensors\"} -> says that tensor 'a' is in",
        "{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"} -> is not there",
        "{\"a\":\"../one.safetensors\"} -> same folder",
        "{\"a\":\"/etc/passwd\"} -> same folder",
        "{\"a\":\"..\"} -> same folder",
        "{\"a\":\"\"} -> same folder",
        "{\"a\":7} -> no file name",
        "{\"a\":\"one.safetensors\",\"a\":\"two.safetensors\"} -> is there twice",
        "[] -> no object weight_map",
        "{ -> not valid JSON"
      })
  void aForgedIndexIsRefused(String example) throws IOException {
    int arrow = example.indexOf(" -> ");
    shards(example.substring(0, arrow));
    assertRefused(example.substring(arrow + 4));
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    assertRefused("none of model.safetensors");
    write("{}", "a");
    Files.delete(folder.resolve("config.json"));
    assertRefused("config.json");
    Path elsewhere = folder.resolve("other.json");
    Files.writeString(elsewhere, "{\"hidden_size\": 7}");
    try (Checkpoint checkpoint = Checkpoint.open(folder, elsewhere)) {
      assertEquals(7, checkpoint.config().get("hidden_size"));
    }
  }

  private void assertRefused(String reason) {
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(folder)).getMessage();
    assertTrue(message.contains(reason), message);
  }

  private void write(String config, String... names) throws IOException {
    Files.writeString(folder.resolve("config.json"), config);
    writeTensors("model.safetensors", names);
  }

  private void shards(String weightMap) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    writeTensors("one.safetensors", "a");
    writeTensors("two.safetensors", "b");
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\":" + weightMap + "}");
  }

  private void writeTensors(String file, String... names) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : names) {
        tensors.put(name, Tensor.ofFloats(arena, Shape.of(1), tensors.size()));
      }
      SafetensorsWriter.write(folder.resolve(file), tensors);
    }
  }
}
