// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.checkpoint.torch.PickleWriter;
import io.github.megabert.checkpoint.torch.TorchWriter;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One model in every form in which versions of Megatron-LM would have saved it. */
class MegatronDialectsTest {
  private static final int HEADS = 4;
  private static final int HEAD_SIZE = 16;

  @TempDir Path folder;
  private Safetensors expected;
  private OwnedArena owned;
  private Arena arena;

  @BeforeEach
  void open() throws IOException {
    owned = new OwnedArena();
    arena = owned.arena();
    expected = Safetensors.open(Fixtures.transformers("megatron_v1_pt/expected.safetensors"));
  }

  @AfterEach
  void close() {
    owned.close();
    expected.close();
  }

  @ParameterizedTest
  @CsvSource({"layernorm, encoder, self_attention", "norm, encoder, self_attention"})
  void bothOlderDialectsAreRead(String norm, String encoder, String attention) throws IOException {
    Map<String, Tensor> model = new LinkedHashMap<>();
    addLayers(model, "language_model." + encoder + ".", norm, attention, 0, 2, 0, 1, 3);
    addRest(model, norm);
    write(folder.resolve("model_optim_rng.pt"), Map.of("model", model), 3.0);
    assertReadsAsExpected(folder.resolve("model_optim_rng.pt"));
  }

  @Test
  void megatronCoreIsReadWithNormsApartOrFused() throws IOException {
    for (boolean fused : new boolean[] {false, true}) {
      Map<String, Tensor> model = new LinkedHashMap<>();
      for (int layer = 0; layer < 2; layer++) {
        String to = "encoder.layers." + layer + ".";
        String from = "bert.encoder.layer." + layer + ".";
        for (String leaf : new String[] {"weight", "bias"}) {
          String first =
              fused ? "self_attention.linear_qkv.layer_norm_" + leaf : "input_layernorm." + leaf;
          String second = fused ? "mlp.linear_fc1.layer_norm_" + leaf : "pre_mlp_layernorm." + leaf;
          model.put(to + first, expected.tensor(from + "attention.ln." + leaf));
          model.put(to + second, expected.tensor(from + "ln." + leaf));
          model.put(to + "self_attention.linear_qkv." + leaf, qkv(layer, leaf, 0, 1, 3));
          model.put(
              to + "self_attention.linear_proj." + leaf,
              expected.tensor(from + "attention.output.dense." + leaf));
          model.put(
              to + "mlp.linear_fc1." + leaf, expected.tensor(from + "intermediate.dense." + leaf));
          model.put(to + "mlp.linear_fc2." + leaf, expected.tensor(from + "output.dense." + leaf));
        }
      }
      for (String leaf : new String[] {"weight", "bias"}) {
        model.put("encoder.final_layernorm." + leaf, expected.tensor("bert.encoder.ln." + leaf));
        model.put("pooler.dense." + leaf, expected.tensor("bert.pooler.dense." + leaf));
        model.put("binary_head." + leaf, expected.tensor("cls.seq_relationship." + leaf));
        model.put(
            "lm_head.dense." + leaf, expected.tensor("cls.predictions.transform.dense." + leaf));
        model.put(
            "lm_head.layer_norm." + leaf,
            expected.tensor("cls.predictions.transform.LayerNorm." + leaf));
      }
      model.put("output_layer.bias", expected.tensor("cls.predictions.bias"));
      model.put(
          "embedding.word_embeddings.weight",
          expected.tensor("bert.embeddings.word_embeddings.weight"));
      model.put(
          "embedding.position_embeddings.weight",
          expected.tensor("bert.embeddings.position_embeddings.weight"));
      model.put(
          "embedding.tokentype_embeddings.weight",
          expected.tensor("bert.embeddings.token_type_embeddings.weight"));
      Path file = folder.resolve("core-" + fused + ".pt");
      write(file, Map.of("model", model), 3.0);
      assertReadsAsExpected(file);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "0, 2", "0, 4", "1, 1", "1, 2", "1, 4", "2, 2", "3, 2", "3, 4"})
  void queriesKeysAndValuesOfEveryVersionAreToldApartPerRank(int version, int ranks)
      throws IOException {
    for (int rank = 0; rank < ranks; rank++) {
      Map<String, Tensor> model = new LinkedHashMap<>();
      addLayers(
          model,
          "language_model.transformer.",
          "layernorm",
          "attention",
          0,
          2,
          rank,
          ranks,
          version);
      addRest(model, "layernorm");
      shareVocabulary(model, rank, ranks);
      Path rankFolder = Files.createDirectories(folder.resolve("iter_0000100/mp_rank_0" + rank));
      write(rankFolder.resolve("model_optim_rng.pt"), Map.of("model", model), version);
    }
    Files.writeString(folder.resolve("latest_checkpointed_iteration.txt"), "100\n");
    assertReadsAsExpected(folder);
    assertReadsAsExpected(folder.resolve("iter_0000100"));
  }

  @Test
  void interleavedPipelineStagesAreReadRoundAfterRound() throws IOException {
    // Layer 0 is the first chunk of stage 0, layer 1 the second chunk of stage 0, no stage 1.
    Map<String, Tensor> first = new LinkedHashMap<>();
    Map<String, Tensor> second = new LinkedHashMap<>();
    addLayers(first, "language_model.encoder.", "layernorm", "self_attention", 0, 1, 0, 1, 3);
    addLayers(second, "language_model.encoder.", "layernorm", "self_attention", 1, 2, 0, 1, 3);
    addRest(second, "layernorm");
    Path file = folder.resolve("model_optim_rng.pt");
    Map<String, Map<String, Tensor>> chunks = new LinkedHashMap<>();
    chunks.put("model0", first);
    chunks.put("model1", second);
    write(file, chunks, 3.0);
    assertReadsAsExpected(file);
  }

  @Test
  void aParameterThatNoBertHasIsNamed() throws IOException {
    Map<String, Tensor> model = new LinkedHashMap<>();
    addLayers(model, "language_model.encoder.", "layernorm", "self_attention", 0, 2, 0, 1, 3);
    addRest(model, "layernorm");
    model.put(
        "language_model.encoder.layers.0.adapter.weight",
        expected.tensor("bert.pooler.dense.weight"));
    Path file = folder.resolve("model_optim_rng.pt");
    write(file, Map.of("model", model), 3.0);
    assertRefused(file, "'language_model.encoder.layers.0.adapter.weight', which no MegatronBERT");
  }

  @Test
  void aMissingParameterIsNamed() throws IOException {
    Map<String, Tensor> model = new LinkedHashMap<>();
    addLayers(model, "language_model.encoder.", "layernorm", "self_attention", 0, 2, 0, 1, 3);
    addRest(model, "layernorm");
    model.remove("language_model.encoder.layers.1.mlp.dense_4h_to_h.bias");
    Path file = folder.resolve("model_optim_rng.pt");
    write(file, Map.of("model", model), 3.0);
    assertRefused(file, "lack 'bert.encoder.layer.1.output.dense.bias'");
  }

  @Test
  void anUnknownVersionAndAForgedTrackerAreRefused() throws IOException {
    Map<String, Tensor> model = new LinkedHashMap<>();
    addLayers(model, "language_model.encoder.", "layernorm", "self_attention", 0, 2, 0, 1, 3);
    addRest(model, "layernorm");
    Path file = folder.resolve("model_optim_rng.pt");
    write(file, Map.of("model", model), 1.5);
    assertRefused(file, "has checkpoint_version 1.5");
    Path run = Files.createDirectory(folder.resolve("run"));
    for (String text : new String[] {"../../etc", "-1", "", "12345678901", "release/../.."}) {
      Files.writeString(run.resolve("latest_checkpointed_iteration.txt"), text);
      assertRefused(run, "a number or 'release' was expected");
    }
    Files.writeString(run.resolve("latest_checkpointed_iteration.txt"), "7");
    assertRefused(run, "there is no folder");
  }

  @Test
  void aTokenizerTellsThePaddingWhereOnlyThePaddedSizeIsStored() throws IOException {
    Map<String, Tensor> model = new LinkedHashMap<>();
    addLayers(model, "language_model.encoder.", "layernorm", "self_attention", 0, 2, 0, 1, 3);
    addRest(model, "layernorm");
    Path file = folder.resolve("model_optim_rng.pt");
    String words = "bert.embeddings.word_embeddings.weight";
    Map<String, Object> padded = Map.of("num_attention_heads", 4L, "padded_vocab_size", 99L);
    write(file, Map.of("model", model), 3.0, padded);
    for (int tokens : new int[] {90, 99, 0, 120}) {
      int rows = tokens == 90 ? 90 : 99;
      try (Checkpoint cut = Checkpoint.open(file, null, tokens)) {
        assertEquals(rows, cut.config().get("vocab_size"));
        assertEquals(Shape.of(rows, 64), cut.shape(words));
        assertEquals(Shape.of(rows, 64), cut.shape("cls.predictions.decoder.weight"));
        assertEquals(Shape.of(rows), cut.shape("cls.predictions.bias"));
        assertEquals(
            -1, get(words).rows(0, rows).segment().mismatch(cut.tensor(words, arena).segment()));
      }
    }
    // Megatron-LM pads to a multiple of eight here: nine rows are no padding.
    write(
        file,
        Map.of("model", model),
        3.0,
        Map.of("num_attention_heads", 4L, "make_vocab_size_divisible_by", 8L));
    for (int tokens : new int[] {90, 92}) {
      try (Checkpoint cut = Checkpoint.open(file, null, tokens)) {
        assertEquals(tokens == 90 ? 99 : 92, cut.config().get("vocab_size"));
      }
    }
    // The arguments know better than a tokenizer.
    write(file, Map.of("model", model), 3.0);
    try (Checkpoint cut = Checkpoint.open(file, null, 90)) {
      assertEquals(99, cut.config().get("vocab_size"));
    }
  }

  @Test
  void aConfigurationMayDropThePaddingButNotContradictTheTensors() throws IOException {
    Path file = Fixtures.transformers("megatron_v2_args/model_optim_rng.pt");
    Path given = Fixtures.transformers("megatron_v2_args/expected_config.json");
    String text = Files.readString(given);
    Path config = folder.resolve("config.json");
    Files.writeString(config, text.replace("\"vocab_size\": 104", "\"vocab_size\": 99"));
    try (Checkpoint cut = Checkpoint.open(file, config)) {
      assertEquals(Shape.of(99, 64), cut.shape("bert.embeddings.word_embeddings.weight"));
      assertEquals(Shape.of(99, 64), cut.shape("cls.predictions.decoder.weight"));
      assertEquals(Shape.of(99), cut.shape("cls.predictions.bias"));
    }
    for (String change :
        new String[] {
          "\"vocab_size\": 105", "\"hidden_size\": 32", "\"num_hidden_layers\": 3",
          "\"num_attention_heads\": 8", "\"num_attention_heads\": 0", "\"hidden_size\": \"x\""
        }) {
      String field = change.substring(0, change.indexOf(':'));
      Files.writeString(config, text.replaceFirst(field + ": \\d+", change));
      String message =
          assertThrows(CheckpointException.class, () -> Checkpoint.open(file, config)).getMessage();
      assertTrue(message.contains(config.toString()), message);
    }
  }

  private void addLayers(
      Map<String, Tensor> model,
      String prefix,
      String norm,
      String attention,
      int from,
      int to,
      int rank,
      int ranks,
      int version) {
    for (int layer = from; layer < to; layer++) {
      String name = prefix + "layers." + (layer - from) + ".";
      String source = "bert.encoder.layer." + layer + ".";
      for (String leaf : new String[] {"weight", "bias"}) {
        boolean weight = leaf.equals("weight");
        model.put(name + "input_" + norm + "." + leaf, get(source + "attention.ln." + leaf));
        model.put(name + "post_attention_" + norm + "." + leaf, get(source + "ln." + leaf));
        model.put(
            name + attention + ".query_key_value." + leaf, qkv(layer, leaf, rank, ranks, version));
        Tensor output = get(source + "attention.output.dense." + leaf);
        model.put(
            name + attention + ".dense." + leaf, weight ? columns(output, rank, ranks) : output);
        Tensor up = get(source + "intermediate.dense." + leaf);
        long rows = up.shape().extent(0) / ranks;
        model.put(name + "mlp.dense_h_to_4h." + leaf, up.rows(rank * rows, (rank + 1) * rows));
        Tensor down = get(source + "output.dense." + leaf);
        model.put(name + "mlp.dense_4h_to_h." + leaf, weight ? columns(down, rank, ranks) : down);
      }
    }
  }

  private void addRest(Map<String, Tensor> model, String norm) {
    for (String leaf : new String[] {"weight", "bias"}) {
      model.put(
          "language_model.encoder.final_" + norm + "." + leaf, get("bert.encoder.ln." + leaf));
      model.put("language_model.pooler.dense." + leaf, get("bert.pooler.dense." + leaf));
      model.put("lm_head.dense." + leaf, get("cls.predictions.transform.dense." + leaf));
      model.put("lm_head." + norm + "." + leaf, get("cls.predictions.transform.LayerNorm." + leaf));
      model.put("binary_head." + leaf, get("cls.seq_relationship." + leaf));
    }
    model.put("lm_head.bias", get("cls.predictions.bias"));
    String embedding = "language_model.embedding.";
    model.put(embedding + "word_embeddings.weight", get("bert.embeddings.word_embeddings.weight"));
    model.put(
        embedding + "position_embeddings.weight",
        get("bert.embeddings.position_embeddings.weight"));
    model.put(
        embedding + "tokentype_embeddings.weight",
        get("bert.embeddings.token_type_embeddings.weight"));
  }

  /** Gives a rank its share of the 99 rows; the last one's is padded with rows of zeros. */
  private void shareVocabulary(Map<String, Tensor> model, int rank, int ranks) {
    long rows = Math.ceilDiv(99, ranks);
    for (String name :
        new String[] {"language_model.embedding.word_embeddings.weight", "lm_head.bias"}) {
      Tensor whole = model.get(name);
      long[] extents = whole.shape().toArray();
      extents[0] = rows;
      Tensor share = Tensor.allocate(arena, whole.dtype(), Shape.of(extents));
      Tensor present = whole.rows(rank * rows, Math.min(99, (rank + 1) * rows));
      MemorySegment.copy(present.segment(), 0, share.segment(), 0, present.byteSize());
      model.put(name, share);
    }
  }

  private Tensor get(String name) {
    return expected.tensor(name);
  }

  private Tensor columns(Tensor whole, int rank, int ranks) {
    int rows = whole.shape().intExtent(0);
    int all = whole.shape().intExtent(1);
    int share = all / ranks;
    Tensor part = Tensor.allocate(arena, whole.dtype(), Shape.of(rows, share));
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < share; column++) {
        part.setFloat(
            (long) row * share + column,
            whole.getFloat((long) row * all + (long) rank * share + column));
      }
    }
    return part;
  }

  /** Written from the definition: each version's order of (kind, head, row of the head). */
  private Tensor qkv(int layer, String leaf, int rank, int ranks, int version) {
    String prefix = "bert.encoder.layer." + layer + ".attention.self.";
    Tensor[] kinds = {
      get(prefix + "query." + leaf), get(prefix + "key." + leaf), get(prefix + "value." + leaf)
    };
    int heads = HEADS / ranks;
    long[] extents = kinds[0].shape().toArray();
    extents[0] = 3L * heads * HEAD_SIZE;
    int width = kinds[0].shape().rank() == 1 ? 1 : kinds[0].shape().intExtent(1);
    Tensor fused = Tensor.allocate(arena, kinds[0].dtype(), Shape.of(extents));
    for (int kind = 0; kind < 3; kind++) {
      for (int head = 0; head < heads; head++) {
        for (int row = 0; row < HEAD_SIZE; row++) {
          int to =
              switch (version) {
                case 0 -> (kind * heads + head) * HEAD_SIZE + row;
                case 1 -> (head * HEAD_SIZE + row) * 3 + kind;
                default -> (head * 3 + kind) * HEAD_SIZE + row;
              };
          int from = (rank * heads + head) * HEAD_SIZE + row;
          for (int i = 0; i < width; i++) {
            fused.setFloat((long) to * width + i, kinds[kind].getFloat((long) from * width + i));
          }
        }
      }
    }
    return fused;
  }

  private static void write(Path file, Map<String, Map<String, Tensor>> models, double version)
      throws IOException {
    write(file, models, version, Map.of("num_attention_heads", 4L, "vocab_size", 99L));
  }

  private static void write(
      Path file,
      Map<String, Map<String, Tensor>> models,
      double version,
      Map<String, Object> arguments)
      throws IOException {
    TorchWriter writer = new TorchWriter();
    Map<String, Tensor> elements = new LinkedHashMap<>();
    Map<String, Object> tree = new LinkedHashMap<>();
    models.forEach(
        (key, model) -> {
          Map<String, Object> flat = new LinkedHashMap<>();
          model.forEach(
              (name, tensor) -> {
                elements.put(key + name, tensor);
                flat.put(
                    name,
                    writer.announce(new TensorSpec(key + name, tensor.dtype(), tensor.shape())));
              });
          tree.put(key, flat);
        });
    tree.put("checkpoint_version", version);
    tree.put("args", new PickleWriter.Namespace(arguments));
    Files.deleteIfExists(file);
    writer.write(file, tree, (index, spec, _) -> elements.get(spec.name()));
  }

  private void assertReadsAsExpected(Path path) throws IOException {
    try (Checkpoint found = Checkpoint.open(path)) {
      assertEquals(Set.copyOf(expected.names()), Set.copyOf(found.names()));
      for (String name : expected.names()) {
        assertEquals(expected.shape(name), found.shape(name), name);
        assertEquals(-1, get(name).segment().mismatch(found.tensor(name, arena).segment()), name);
      }
      assertEquals(4, found.config().get("num_attention_heads"));
      assertEquals(256, found.config().get("intermediate_size"));
    }
  }

  private static void assertRefused(Path path, String reason) {
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(path)).getMessage();
    assertTrue(message.contains(reason), message);
  }
}
