// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.torch.TorchWriter;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A BERT of transformers under the names of NeMo's two models, as its {@code
 * convert_bert_hf_to_nemo.py} maps them, is the same BERT again.
 */
class NemoFilesTest {
  private static final Path FIXTURE =
      Path.of("src", "test", "resources", "fixtures", "bert", "BertForPreTraining");
  private static final int HEADS = 4;
  private static final String SETTINGS =
      """
      mcore_bert: false
      encoder_seq_length: 512 # of samples
      num_layers: 2
      hidden_size: 48
      num_attention_heads: 4
      transformer_block_type: post_ln
      hidden_dropout: 0.0
      attention_dropout: 0
      normalization: layernorm
      layernorm_epsilon: 1e-12
      position_embedding_type: "learned_absolute"
      bias_gelu_fusion: false
      kv_channels: null
      tokenizer:
        library: huggingface
        num_attention_heads: 7
      """;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"folder", "archive"})
  void itsOwnModelIsRead(String form) throws IOException {
    assertReadBack(Map.of(), SETTINGS, form);
  }

  @Test
  void megatronCoresModelIsRead() throws IOException {
    Map<String, String> core = new LinkedHashMap<>();
    core.put("model.language_model.", "model.module.");
    core.put("query_key_value", "linear_qkv");
    core.put("self_attention.dense", "self_attention.linear_proj");
    core.put("dense_h_to_4h", "linear_fc1");
    core.put("dense_4h_to_h", "linear_fc2");
    core.put("input_layernorm", "post_att_layernorm");
    core.put("post_attention_layernorm", "post_mlp_layernorm");
    core.put("model.lm_head.bias", "model.module.output_layer.bias");
    core.put("model.lm_head.layernorm", "model.module.lm_head.layer_norm");
    assertReadBack(core, SETTINGS, "folder");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "post_ln | normformer | has transformer_block_type",
        "normalization: layernorm | normalization: rmsnorm | has normalization",
        "learned_absolute | rope | has position_embedding_type",
        "heads: 4 | heads: 5 | attention heads, which do not divide the hidden size"
      })
  void whatComputesOtherwiseIsRefused(String setting, String other, String reason)
      throws IOException {
    Path model = write(Map.of(), SETTINGS.replace(setting, other), Map.of());
    CheckpointException refused =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(model).close());
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains(reason), message);
  }

  @Test
  void aLayerNormThatClosesTheStackIsRefused() throws IOException {
    try (Safetensors fixture = Safetensors.open(FIXTURE.resolve("model.safetensors"))) {
      Path model =
          write(
              Map.of(),
              SETTINGS,
              Map.of(
                  "model.language_model.encoder.final_layernorm.weight",
                  fixture.tensor("bert.embeddings.LayerNorm.weight")));
      CheckpointException refused =
          assertThrows(CheckpointException.class, () -> Checkpoint.open(model).close());
      assertTrue(
          String.valueOf(refused.getMessage()).contains("closes the stack (final_layernorm)"),
          refused.getMessage());
    }
  }

  @Test
  void damagedArchivesAreRefused() throws IOException {
    Path model = archive(write(Map.of(), SETTINGS, Map.of()));
    byte[] whole = Files.readAllBytes(model);
    Map<String, byte[]> damaged = new LinkedHashMap<>();
    damaged.put("is no tar archive", "hello".repeat(200).getBytes(StandardCharsets.UTF_8));
    damaged.put("is compressed; unpack it with tar", new byte[] {0x1f, (byte) 0x8b});
    damaged.put("is the download complete?", Arrays.copyOf(whole, whole.length / 2));
    damaged.put("has no model_weights.ckpt", Arrays.copyOf(whole, 1024));
    byte[] sizeless = whole.clone();
    Arrays.fill(sizeless, 124, 136, (byte) '9');
    damaged.put("has a member without a size", sizeless);
    for (Map.Entry<String, byte[]> other : damaged.entrySet()) {
      Files.write(model, Arrays.copyOf(other.getValue(), Math.max(512, other.getValue().length)));
      CheckpointException refused =
          assertThrows(CheckpointException.class, () -> Checkpoint.open(model).close());
      assertTrue(
          String.valueOf(refused.getMessage()).contains(other.getKey()), refused.getMessage());
    }
  }

  private void assertReadBack(Map<String, String> renamed, String settings, String form)
      throws IOException {
    Path model = write(renamed, settings, Map.of());
    Path path = form.equals("archive") ? archive(model) : model;
    try (Checkpoint read = Checkpoint.open(path);
        Checkpoint wanted = Checkpoint.open(FIXTURE)) {
      assertEquals(wanted.config().get("architectures"), read.config().get("architectures"));
      for (String name :
          List.of(
              "model_type",
              "hidden_act",
              "hidden_size",
              "intermediate_size",
              "num_attention_heads",
              "num_hidden_layers",
              "vocab_size",
              "type_vocab_size",
              "layer_norm_eps",
              "hidden_dropout_prob",
              "attention_probs_dropout_prob")) {
        assertEquals(
            String.valueOf(wanted.config().get(name)),
            String.valueOf(read.config().get(name)),
            name);
      }
      int compared = 0;
      for (String name : wanted.names()) {
        assertArrayEquals(
            wanted.tensor(name).toFloatArray(), read.tensor(name).toFloatArray(), name);
        compared++;
      }
      assertTrue(compared >= 45, "compared " + compared);
    }
  }

  /** Writes the fixture in the names of NeMo's own model, with some replaced. */
  private Path write(Map<String, String> renamed, String settings, Map<String, Tensor> more)
      throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    Files.writeString(model.resolve("model_config.yaml"), settings);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Safetensors fixture = Safetensors.open(FIXTURE.resolve("model.safetensors"));
        Arena arena = Arena.ofShared()) {
      for (String name : fixture.names()) {
        String to = nemo(name);
        if (to != null) {
          for (Map.Entry<String, String> change : renamed.entrySet()) {
            to = to.replace(change.getKey(), change.getValue());
          }
          boolean isQuery = name.contains(".attention.self.query.");
          tensors.put(to, isQuery ? fused(fixture, name, arena) : fixture.tensor(name));
        }
      }
      tensors.putAll(more);
      TorchWriter writer = new TorchWriter();
      Map<String, Object> tree = new LinkedHashMap<>();
      List<Tensor> all = new ArrayList<>(tensors.values());
      tensors.forEach(
          (name, tensor) ->
              tree.put(
                  name, writer.announce(new TensorSpec(name, tensor.dtype(), tensor.shape()))));
      Path weights = model.resolve("model_weights.ckpt");
      Files.deleteIfExists(weights);
      writer.write(weights, tree, (index, spec, to) -> all.get(index));
    }
    return model;
  }

  private static @Nullable String nemo(String name) {
    if (name.contains(".self.key.")
        || name.contains(".self.value.")
        || name.startsWith("cls.predictions.decoder")
        || name.endsWith("position_ids")) {
      return null;
    }
    return name.replace(
            "bert.embeddings.LayerNorm", "model.language_model.encoder.initial_layernorm")
        .replace("bert.embeddings.token_type_", "model.language_model.embedding.tokentype_")
        .replace("bert.embeddings.", "model.language_model.embedding.")
        .replace("bert.encoder.layer.", "model.language_model.encoder.layers.")
        .replace("attention.self.query", "self_attention.query_key_value")
        .replace("attention.output.dense", "self_attention.dense")
        .replace("attention.output.LayerNorm", "input_layernorm")
        .replace("intermediate.dense", "mlp.dense_h_to_4h")
        .replace("output.dense", "mlp.dense_4h_to_h")
        .replace("output.LayerNorm", "post_attention_layernorm")
        .replace("bert.pooler", "model.language_model.pooler")
        .replace("cls.predictions.transform.dense", "model.lm_head.dense")
        .replace("cls.predictions.transform.LayerNorm", "model.lm_head.layernorm")
        .replace("cls.predictions.bias", "model.lm_head.bias")
        .replace("cls.seq_relationship", "model.binary_head");
  }

  /** Rows of the queries, keys and values in turn, a head at a time. */
  private static Tensor fused(Safetensors fixture, String query, Arena arena) {
    Tensor first = fixture.tensor(query);
    long[] extents = first.shape().toArray();
    extents[0] *= 3;
    Tensor fused = Tensor.allocate(arena, first.dtype(), Shape.of(extents));
    long bytes = first.byteSize() / HEADS;
    long at = 0;
    for (int head = 0; head < HEADS; head++) {
      for (String kind : new String[] {"query", "key", "value"}) {
        Tensor part = fixture.tensor(query.replace("query", kind));
        MemorySegment.copy(part.segment(), head * bytes, fused.segment(), at, bytes);
        at += bytes;
      }
    }
    return fused;
  }

  private Path archive(Path model) throws IOException {
    Map<String, byte[]> members = new LinkedHashMap<>();
    for (String name : List.of("model_config.yaml", "model_weights.ckpt")) {
      members.put("./" + name, Files.readAllBytes(model.resolve(name)));
    }
    return Files.write(folder.resolve("model.nemo"), TarArchive.of(members));
  }
}
