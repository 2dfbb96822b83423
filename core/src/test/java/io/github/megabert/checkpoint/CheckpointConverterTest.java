// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointConverterTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "megatron_v0_zip_fp16/checkpoint.zip, megatron_v0_zip_fp16",
    "megatron_v1_pt/model_optim_rng.pt, megatron_v1_pt",
    "megatron_v2_args/model_optim_rng.pt, megatron_v2_args",
    "megatron_v3_args_legacy/model_optim_rng.pt, megatron_v3_args_legacy"
  })
  void megatronFixturesConvertToExactlyTheExpectedFile(String input, String expected)
      throws IOException {
    Path config = Fixtures.transformers(expected + "/expected_config.json");
    Path output = folder.resolve("out");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers(input), config)) {
      new CheckpointConverter(checkpoint).toHuggingFace(output);
    }
    try (Checkpoint written = Checkpoint.open(output);
        Safetensors wanted =
            Safetensors.open(Fixtures.transformers(expected + "/expected.safetensors"))) {
      assertEqualTensors(wanted, written);
      assertEquals(0, written.tensor("bert.pooler.dense.weight").segment().address() % 2);
    }
  }

  @Test
  void everyFolderRoundTripsBitForBit() throws IOException {
    List<Path> folders = Fixtures.foldersWith("config.json");
    assertTrue(folders.size() >= 19, "folders: " + folders.size());
    for (Path fixture : folders) {
      Path output = folder.resolve(fixture.getFileName());
      try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
        new CheckpointConverter(checkpoint).toHuggingFace(output);
        try (Checkpoint written = Checkpoint.open(output)) {
          assertEqualTensors(checkpoint, written);
          assertEquals(checkpoint.config(), written.config());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "1, 2", "2, 2", "4, 2"})
  void ranksMergeBackBitForBit(int tensorParallel, int pipelineParallel) throws IOException {
    for (String name :
        new String[] {"megatron_v1_pt/model_optim_rng.pt", "megatron_v0_zip_fp16/checkpoint.zip"}) {
      Path fixture = Fixtures.transformers(name);
      Path ranks = folder.resolve(fixture.getFileName() + ".ranks");
      try (Checkpoint checkpoint =
          Checkpoint.open(fixture, fixture.resolveSibling("expected_config.json"))) {
        new CheckpointConverter(checkpoint).toMegatron(ranks, tensorParallel, pipelineParallel);
        try (Checkpoint merged = Checkpoint.open(ranks)) {
          assertEqualTensors(checkpoint, merged);
          for (String field :
              new String[] {"vocab_size", "num_attention_heads", "hidden_act", "layer_norm_eps"}) {
            assertEquals(checkpoint.config().get(field), merged.config().get(field), field);
          }
        }
      }
      try (Stream<Path> files = Files.walk(ranks)) {
        assertEquals(
            (long) tensorParallel * pipelineParallel,
            files.filter(file -> file.endsWith("model_optim_rng.pt")).count());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "MegatronBertModel, language_model, bert.encoder.ln.weight",
    "MegatronBertForMultipleChoice, multichoice_head, classifier.weight",
    "MegatronBertForSequenceClassification, classification_head, classifier.bias",
    "MegatronBertForNextSentencePrediction, binary_head, cls.seq_relationship.weight",
    "act_gelu_new, lm_head, cls.predictions.transform.LayerNorm.weight"
  })
  void everyHeadThatMegatronHasSurvivesTheWayThereAndBack(
      String fixture, String head, String tensor) throws IOException {
    Path ranks = folder.resolve("ranks");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers(fixture))) {
      new CheckpointConverter(checkpoint).toMegatron(ranks, 1, 1);
      Path file = ranks.resolve("release/mp_rank_00/model_optim_rng.pt");
      try (TorchFile raw = TorchFile.open(file)) {
        Object model = PickleValues.member(raw.root(), "model");
        assertTrue(PickleValues.member(model, head) instanceof Map<?, ?>, head);
      }
      try (Checkpoint merged = Checkpoint.open(file)) {
        assertEquals(
            checkpoint.config().get("architectures"), merged.config().get("architectures"));
        assertEquals(checkpoint.config().get("hidden_act"), merged.config().get("hidden_act"));
        assertEquals(
            -1, checkpoint.tensor(tensor).segment().mismatch(merged.tensor(tensor).segment()));
        assertEqualTensors(checkpoint, merged);
      }
    }
  }

  @Test
  void aRunWithAMissingRankIsRefused() throws IOException {
    Path ranks = folder.resolve("ranks");
    Path whole = Fixtures.transformers("megatron_v2_args/model_optim_rng.pt");
    try (Checkpoint checkpoint = Checkpoint.open(whole)) {
      new CheckpointConverter(checkpoint).toMegatron(ranks, 2, 2);
    }
    Path one = ranks.resolve("release/mp_rank_01_000/model_optim_rng.pt");
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(one)).getMessage();
    assertTrue(message.contains("was saved by 4 ranks, 1 were found"), message);
    Files.delete(one);
    message = assertThrows(CheckpointException.class, () -> Checkpoint.open(ranks)).getMessage();
    assertTrue(message.contains("are 3 rank files"), message);
  }

  @Test
  void aModelThatCannotBeDividedIsRefusedBeforeAnythingIsWritten() throws IOException {
    Path output = folder.resolve("ranks");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("act_gelu_new"))) {
      CheckpointConverter converter = new CheckpointConverter(checkpoint);
      String message =
          assertThrows(IllegalArgumentException.class, () -> converter.toMegatron(output, 3, 1))
              .getMessage();
      assertTrue(message.contains("cannot be divided among 3"), message);
    }
    assertFalse(Files.exists(output));
  }

  @Test
  void largeModelsAreSharded() throws IOException {
    Path output = folder.resolve("out");
    try (Checkpoint checkpoint =
        Checkpoint.open(Fixtures.transformers("MegatronBertForPreTraining"))) {
      new CheckpointConverter(checkpoint).largestShard(60_000).toHuggingFace(output);
      assertFalse(Files.exists(output.resolve("model.safetensors")));
      assertTrue(Files.exists(output.resolve("model-00001-of-00005.safetensors")));
      try (Checkpoint written = Checkpoint.open(output)) {
        assertEqualTensors(checkpoint, written);
      }
    }
  }

  @Test
  void halvesAndSinglesConvertWithRounding() throws IOException {
    try (Checkpoint checkpoint =
        Checkpoint.open(Fixtures.transformers("MegatronBertForMaskedLM"))) {
      for (DType dtype : new DType[] {DType.F16, DType.BF16, DType.F32}) {
        Path output = folder.resolve(dtype.name());
        new CheckpointConverter(checkpoint).dtype(dtype).toHuggingFace(output);
        try (Checkpoint written = Checkpoint.open(output);
            Arena arena = Arena.ofConfined()) {
          for (String name : checkpoint.names()) {
            Tensor wanted = checkpoint.tensor(name).to(dtype, arena);
            assertEquals(dtype, written.dtype(name));
            assertEquals(-1, wanted.segment().mismatch(written.tensor(name).segment()), name);
          }
        }
        Path back = folder.resolve(dtype.name() + "-back");
        try (Checkpoint narrow = Checkpoint.open(output);
            Arena arena = Arena.ofConfined()) {
          new CheckpointConverter(narrow).dtype(DType.F32).toHuggingFace(back);
          try (Checkpoint wide = Checkpoint.open(back)) {
            assertEquals("float32", wide.config().get("dtype"));
            for (String name : narrow.names()) {
              Tensor wanted = narrow.tensor(name).to(DType.F32, arena);
              assertEquals(-1, wanted.segment().mismatch(wide.tensor(name).segment()), name);
            }
          }
        }
      }
    }
  }

  @Test
  void aNumberBeyondFloat16IsNamedAndNothingIsLeft() throws IOException {
    Path input = folder.resolve("in");
    Files.createDirectory(input);
    Files.writeString(input.resolve("config.json"), "{}");
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          input.resolve("model.safetensors"),
          Map.of("bert.x", Tensor.ofFloats(arena, Shape.of(2), 1f, 70000f)));
    }
    try (Checkpoint checkpoint = Checkpoint.open(input)) {
      CheckpointConverter converter = new CheckpointConverter(checkpoint).dtype(DType.F16);
      String message =
          assertThrows(
                  CheckpointException.class, () -> converter.toHuggingFace(folder.resolve("out")))
              .getMessage();
      assertTrue(message.contains("'bert.x' holds 70000.0"), message);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(input), left.toList());
    }
  }

  @Test
  void anInterruptedConversionLeavesNothingUnderTheNameAndAnExistingFolderIsKept()
      throws IOException {
    Path output = folder.resolve("out");
    try (Checkpoint checkpoint =
        Checkpoint.open(Fixtures.transformers("MegatronBertForMaskedLM"))) {
      CheckpointConverter failing =
          new CheckpointConverter(checkpoint)
              .progress(
                  (tensor, done, total) -> {
                    assertFalse(Files.exists(output));
                    throw new IllegalStateException("interrupted");
                  });
      assertThrows(IllegalStateException.class, () -> failing.toHuggingFace(output));
      try (Stream<Path> left = Files.list(folder)) {
        assertEquals(0, left.count());
      }
      Files.createDirectory(output);
      Files.writeString(output.resolve("mine"), "kept");
      String message =
          assertThrows(
                  CheckpointException.class,
                  () -> new CheckpointConverter(checkpoint).toHuggingFace(output))
              .getMessage();
      assertTrue(message.contains("already exists"), message);
      assertEquals("kept", Files.readString(output.resolve("mine")));
    }
  }

  @Test
  void progressEndsAtTheTotalAndFilesAlongsideAreCopied() throws IOException {
    Path vocabulary = folder.resolve("vocab.txt");
    Files.writeString(vocabulary, "[PAD]\n");
    Path output = folder.resolve("out");
    List<Long> done = new ArrayList<>();
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      new CheckpointConverter(checkpoint)
          .alongside(List.of(vocabulary))
          .progress(
              (tensor, bytes, total) -> {
                done.add(bytes);
                assertEquals(233_256, total);
              })
          .toHuggingFace(output);
      assertEquals(checkpoint.names().size(), done.size());
      assertEquals(233_256L, done.getLast());
    }
    assertEquals("[PAD]\n", Files.readString(output.resolve("vocab.txt")));
  }

  private static void assertEqualTensors(NamedTensors wanted, NamedTensors found)
      throws IOException {
    assertEquals(Set.copyOf(wanted.names()), Set.copyOf(found.names()));
    for (String name : wanted.names()) {
      assertEquals(wanted.dtype(name), found.dtype(name), name);
      assertEquals(wanted.shape(name), found.shape(name), name);
      assertEquals(-1, wanted.tensor(name).segment().mismatch(found.tensor(name).segment()), name);
    }
  }
}
