// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchFileTest {
  @TempDir Path folder;

  @Test
  void pytorchFilesEqualTheirSafetensors() throws IOException {
    int tensors = 0;
    for (Path fixture : Fixtures.foldersWith("pytorch_model.bin")) {
      try (NamedTensors torch = TorchStateDict.open(fixture.resolve("pytorch_model.bin"));
          NamedTensors safe = Safetensors.open(fixture.resolve("model.safetensors"))) {
        assertEquals(Set.copyOf(safe.names()), Set.copyOf(torch.names()));
        for (String name : safe.names()) {
          assertEquals(safe.dtype(name), torch.dtype(name), name);
          assertEquals(safe.shape(name), torch.shape(name), name);
          assertEquals(
              -1, safe.tensor(name).segment().mismatch(torch.tensor(name).segment()), name);
          assertTrue(torch.tensor(name).segment().isReadOnly(), "a view of the file");
          tensors++;
        }
      }
    }
    assertEquals(124, tensors);
  }

  @Test
  void aFolderWithOnlyAPytorchFileOpensAndSoDoesTheFileItself() throws IOException {
    Path fixture = Fixtures.transformers("MegatronBertForMaskedLM");
    Files.copy(fixture.resolve("config.json"), folder.resolve("config.json"));
    Path file = folder.resolve("pytorch_model.bin");
    Files.copy(fixture.resolve("pytorch_model.bin"), file);
    for (Path path : List.of(folder, file)) {
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        assertEquals(Shape.of(99), checkpoint.shape("cls.predictions.bias"));
        assertEquals(43, checkpoint.names().size());
      }
    }
  }

  @Test
  void pytorchShardsAreReadThroughTheirIndex() throws IOException {
    Path fixture = Fixtures.transformers("MegatronBertModel");
    Files.copy(fixture.resolve("config.json"), folder.resolve("config.json"));
    Files.copy(
        fixture.resolve("pytorch_model.bin"), folder.resolve("pytorch_model-00001-of-00001.bin"));
    Files.writeString(
        folder.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\":{\"pooler.dense.bias\":\"pytorch_model-00001-of-00001.bin\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(Set.of("bert.pooler.dense.bias"), checkpoint.names());
    }
  }

  @Test
  void theOlderFormatAndAFileInsideAZipOpen() throws IOException {
    for (String name :
        new String[] {
          "megatron_v0_zip_fp16/checkpoint.zip",
          "megatron_v1_pt/model_optim_rng.pt",
          "megatron_v2_args/model_optim_rng.pt",
          "megatron_v3_args_legacy/model_optim_rng.pt"
        }) {
      try (TorchFile file = TorchFile.open(Fixtures.transformers(name))) {
        assertEquals(2_000_000L, PickleValues.member(file.root(), "iteration"), name);
      }
    }
  }

  /**
   * A file that PyTorch 2.13 wrote: a {@code Namespace} with signals, a buffer, a path and NumPy's
   * arrays in it, and a {@code torch.Generator}.
   */
  @Test
  void classesOfMegatronsArgumentsAreInertData() throws Exception {
    Path file = Path.of(TorchFileTest.class.getResource("pytorch-classes.pt").toURI());
    try (TorchFile opened = TorchFile.open(file)) {
      Object arguments = PickleValues.member(opened.root(), "args");
      PickleValues.Inert namespace = assertInstanceOf(PickleValues.Inert.class, arguments);
      assertEquals("argparse.Namespace", namespace.type().toString());
      assertEquals(2L, namespace.attributes().get("num_layers"));
      for (String name : List.of("exit_signal", "buf", "ns", "path", "rng", "kind")) {
        assertTrue(namespace.attributes().containsKey(name), name);
      }
      PickleValues.Inert signal =
          assertInstanceOf(PickleValues.Inert.class, namespace.attributes().get("exit_signal"));
      assertEquals("signal.Signals", signal.type().toString());
      assertEquals(
          "torch._C.Generator",
          assertInstanceOf(
                  PickleValues.Inert.class, PickleValues.member(opened.root(), "generator"))
              .type()
              .toString());
    }
  }

  @Test
  void everyElementTypeOfPytorchIsReadAsItWasWritten() throws IOException {
    Path file = folder.resolve("types.pt");
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (DType dtype :
          new DType[] {
            DType.F32,
            DType.F64,
            DType.F16,
            DType.BF16,
            DType.I64,
            DType.I32,
            DType.I16,
            DType.I8,
            DType.U8,
            DType.BOOL
          }) {
        Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(2, 3));
        tensor.segment().fill((byte) 1);
        tensors.put(dtype.name(), tensor);
      }
      TorchWriter writer = new TorchWriter();
      Map<String, Object> tree = new LinkedHashMap<>();
      tensors.forEach(
          (name, t) -> tree.put(name, writer.announce(new TensorSpec(name, t.dtype(), t.shape()))));
      writer.write(file, tree, (index, spec, _) -> tensors.get(spec.name()));
      try (NamedTensors read = TorchStateDict.open(file)) {
        assertEquals(tensors.keySet(), read.names());
        for (String name : tensors.keySet()) {
          assertEquals(name, read.dtype(name).name());
          assertEquals(-1, tensors.get(name).segment().mismatch(read.tensor(name).segment()), name);
          assertEquals(0, read.tensor(name).segment().address() % 64, "aligned in the file");
        }
      }
    }
  }

  @Test
  void sharedStoragesStridesAndOffsetsAreHonoured() throws IOException {
    // One storage 0, 1, … 11, seen whole, transposed, shifted, strided, repeated and empty.
    PickleAssembler tree = new PickleAssembler().ops("}(");
    tree.text("whole").tensor("0", 12, 0, new long[] {3, 4}, new long[] {4, 1});
    tree.text("transposed").tensor("0", 12, 0, new long[] {4, 3}, new long[] {1, 4});
    tree.text("shifted").tensor("0", 12, 5, new long[] {2, 2}, new long[] {2, 1});
    tree.text("columns").tensor("0", 12, 1, new long[] {3, 2}, new long[] {4, 2});
    tree.text("blocks").tensor("0", 12, 0, new long[] {2, 2, 2}, new long[] {2, 6, 1});
    tree.text("repeated").tensor("0", 12, 7, new long[] {3}, new long[] {0});
    tree.text("odd").tensor("0", 12, 3, new long[] {1, 2}, new long[] {77, 1});
    tree.text("scalar").tensor("0", 12, 11, new long[] {}, new long[] {});
    tree.text("empty").tensor("0", 12, 12, new long[] {0, 4}, new long[] {4, 1});
    byte[] zip = tree.ops("u").inZip("0", 48);
    byte[] pickle = tree.inLegacyFile("0", 12, 48);
    for (byte[] file : List.of(numbered(zip), numbered(pickle))) {
      try (NamedTensors read =
          new TorchStateDict(TorchFile.of(MemorySegment.ofArray(file), "strides"))) {
        assertTensor(read, "whole", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        assertTensor(read, "transposed", 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
        assertTensor(read, "shifted", 5, 6, 7, 8);
        assertTensor(read, "columns", 1, 3, 5, 7, 9, 11);
        assertTensor(read, "blocks", 0, 1, 6, 7, 2, 3, 8, 9);
        assertTensor(read, "repeated", 7, 7, 7);
        assertTensor(read, "odd", 3, 4);
        assertTensor(read, "scalar", 11);
        assertTensor(read, "empty");
      }
    }
  }

  /** Fills the run of 48 zero bytes, the only one, with the floats 0 to 11. */
  private static byte[] numbered(byte[] file) {
    MemorySegment bytes = MemorySegment.ofArray(file);
    MemorySegment zeros = MemorySegment.ofArray(new byte[48]);
    long at = 0;
    for (long i = 0; i + 48 <= file.length; i++) {
      if (bytes.asSlice(i, 48).mismatch(zeros) == -1) {
        at = i;
      }
    }
    // The last such run; the zip directory after it holds no 48 zeros.
    for (int i = 0; i < 12; i++) {
      bytes.set(LittleEndian.INT, at + i * 4L, Float.floatToIntBits(i));
    }
    // No checksum in the zip directory, in place of that of the zeros.
    for (long i = at; i + 20 <= file.length; i++) {
      if (bytes.get(LittleEndian.INT, i) == 0x02014b50) {
        bytes.set(LittleEndian.INT, i + 16, 0);
      }
    }
    return file;
  }

  private static void assertTensor(NamedTensors read, String name, float... values)
      throws IOException {
    assertArrayEquals(values, read.tensor(name).toFloatArray(), name);
  }
}
