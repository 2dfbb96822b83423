// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.torch.TorchWriter;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** BERTs as they lie about: old names, other files, no pooler, configurations that say little. */
class BertFoldersTest {
  private static final Path SAVED = Fixtures.folder("bert/BertModel");

  private final Backend backend =
      Backends.open(TestBackends.names().getFirst(), TestBackends.options());

  @TempDir private Path folder;

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void aFileOfPyTorchWithTheNamesOfTensorFlowsTimeIsRead() throws IOException {
    Map<String, Tensor> old = new LinkedHashMap<>();
    try (Checkpoint saved = Checkpoint.open(SAVED)) {
      for (String name : saved.names()) {
        old.put(
            name.replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta"),
            saved.tensor(name));
      }
      assertEquals(
          10,
          old.keySet().stream()
              .filter(name -> name.endsWith("LayerNorm.gamma") || name.endsWith("LayerNorm.beta"))
              .count());
      writeTorch(old);
      Files.copy(SAVED.resolve("config.json"), folder.resolve("config.json"));
      assertSameStates(SAVED, folder);
    }
  }

  @Test
  void aModelWithoutAPoolerHasNoPooledOutput() throws IOException {
    try (Checkpoint saved = Checkpoint.open(SAVED)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : saved.names()) {
        if (!name.contains("pooler")) {
          tensors.put(name, saved.tensor(name));
        }
      }
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }
    Files.copy(SAVED.resolve("config.json"), folder.resolve("config.json"));
    assertSameStates(SAVED, folder);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      ModelOutput.Base output =
          MegatronBertModel.load(checkpoint, backend)
              .forward(Batch.ofTokens(new int[] {2, 3}), OutputOptions.NONE);
      assertNull(output.poolerOutput());
    }
  }

  /** Google's {@code bert_config.json} has sizes only. */
  @Test
  void aConfigurationWithoutATypeIsThatOfTheTensors() throws IOException {
    Files.copy(SAVED.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.writeString(
        folder.resolve("config.json"),
        "{\"hidden_size\": 48, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"
            + " \"intermediate_size\": 60, \"max_position_embeddings\": 40, \"vocab_size\": 101,"
            + " \"type_vocab_size\": 2, \"hidden_act\": \"gelu\"}");
    assertSameStates(SAVED, folder);
  }

  @Test
  void defaultsAreThoseOfTheFamily() {
    MegatronBertConfig bert = MegatronBertConfig.of(Map.of("model_type", "bert"), "a test");
    assertEquals(ModelFamily.BERT, bert.family());
    assertEquals(
        List.of(12, 768, 12, 3072, 30522),
        List.of(
            bert.numHiddenLayers(),
            bert.hiddenSize(),
            bert.numAttentionHeads(),
            bert.intermediateSize(),
            bert.vocabSize()));
    assertEquals(
        ModelFamily.BERT,
        MegatronBertConfig.of(Map.of("architectures", List.of("BertLMHeadModel")), "a test")
            .family());
    assertEquals(ModelFamily.MEGATRON_BERT, MegatronBertConfig.base().family());
    assertEquals(0.1, bert.classifierDropoutProb());
    assertEquals(0.25, bert.with("classifier_dropout", 0.25).classifierDropoutProb());
  }

  @Test
  void aConvertedFolderHasTheSameNumbers() throws IOException {
    Path target = folder.resolve("converted");
    try (Checkpoint saved = Checkpoint.open(SAVED)) {
      new CheckpointConverter(saved).toHuggingFace(target);
    }
    assertSameStates(SAVED, target);
  }

  @Test
  void megatronRanksOfABertAreRefused() throws IOException {
    try (Checkpoint saved = Checkpoint.open(SAVED)) {
      String message =
          assertThrows(
                  CheckpointException.class,
                  () -> new CheckpointConverter(saved).toMegatron(folder.resolve("ranks"), 1, 1))
              .getMessage();
      assertTrue(message.contains("LayerNorm behind its sub-layers"), message);
    }
  }

  @Test
  void messagesNameTheClassOfTheFamily() throws IOException {
    try (Checkpoint saved = Checkpoint.open(SAVED)) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      MegatronBert.load(
                          saved, backend, LoadOptions.ofClass(ModelClass.QUESTION_ANSWERING)))
              .getMessage();
      assertTrue(message.contains("which BertForQuestionAnswering needs"), message);
    }
  }

  private void writeTorch(Map<String, Tensor> tensors) throws IOException {
    TorchWriter writer = new TorchWriter();
    Map<String, Object> tree = new LinkedHashMap<>();
    List<Tensor> values = new ArrayList<>();
    tensors.forEach(
        (name, tensor) -> {
          values.add(tensor);
          tree.put(name, writer.announce(new TensorSpec(name, tensor.dtype(), tensor.shape())));
        });
    writer.write(
        folder.resolve("pytorch_model.bin"), tree, (index, spec, arena) -> values.get(index));
  }

  private void assertSameStates(Path expected, Path actual) throws IOException {
    Batch batch = Batch.ofTokens(new int[] {2, 45, 7, 3}, new int[] {2, 99, 3});
    try (Checkpoint one = Checkpoint.open(expected);
        Checkpoint other = Checkpoint.open(actual)) {
      Tensor states =
          MegatronBertModel.load(one, backend).forward(batch, OutputOptions.NONE).lastHiddenState();
      Tensor others =
          MegatronBertModel.load(other, backend)
              .forward(batch, OutputOptions.NONE)
              .lastHiddenState();
      assertTrue(states.contentEquals(others));
    }
  }
}
