// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronMerge;
import io.github.megabert.checkpoint.megatron.MegatronRanks;
import io.github.megabert.checkpoint.torch.PickleAssembler;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import io.github.megabert.checkpoint.torch.TorchTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every file here is refused with one sentence, within a second, under 256 MB. */
class HostileFilesTest {
  private static final long ONE = 1;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "os, system",
    "posix, system",
    "nt, system",
    "subprocess, Popen",
    "builtins, eval",
    "builtins, exec",
    "builtins, getattr",
    "__builtin__, eval",
    "builtins, __import__",
    "torch.storage, _load_from_bytes",
    "torch, load",
    "torch.hub, load",
    "numpy, load",
    "runpy, _run_code",
    "megatronx, anything",
    "torch._utils, _rebuild_meta_tensor_no_storage",
    "pip._internal, main"
  })
  void whatAPickleWantsToRunIsNamedAndNotRun(String module, String name) throws IOException {
    Path proof = folder.resolve("proof");
    byte[] file =
        new PickleAssembler()
            .global(module, name)
            .text("touch " + proof)
            .op(0x85)
            .ops("R")
            .inZip("0", 4);
    String named = (module + "." + name).replace("__builtin__", "builtins");
    assertRefused(file, "wants to run or build '" + named + "'");
    assertFalse(Files.exists(proof));
    byte[] stackGlobal =
        new PickleAssembler().text(module).text(name).op(0x93).ops(")R").inZip("0", 4);
    assertRefused(stackGlobal, "wants to run or build");
    byte[] instance = new PickleAssembler().ops("(i" + module + "\n" + name + "\n").inZip("0", 4);
    assertRefused(instance, "wants to run or build");
  }

  @Test
  void megatronsOwnClassesAreHeldInert() throws IOException {
    byte[] file =
        new PickleAssembler()
            .ops("}(")
            .text("strange")
            .global("megatron.core.enums", "ModelType")
            .number(1)
            .op(0x85)
            .ops("R}b")
            .text("w")
            .tensor("0", 4, 0, new long[] {2, 2}, new long[] {1, 2})
            .ops("u")
            .inZip("0", 16);
    try (TorchFile read = TorchFile.of(MemorySegment.ofArray(file), "f")) {
      Object strange = PickleValues.member(read.root(), "strange");
      assertTrue(strange instanceof PickleValues.Inert);
      assertTrue(PickleValues.member(read.root(), "w") instanceof TorchTensor);
    }
  }

  @Test
  void deepNestingIsRefusedOrHarmless() throws IOException {
    assertRefused(new PickleAssembler().repeat(2_000_000, "]").inZip("0", 4), "1000000 steps");
    // Tuples in tuples in tuples, 400,000 deep, as a key: nothing may hash or print them.
    byte[] deep = new PickleAssembler().ops("})").repeat(400_000, "\u0085").ops("Ns").inZip("0", 4);
    assertNoModel(deep);
    byte[] lists = new PickleAssembler().ops("}").text("m").repeat(400_000, "]").inZip("0", 4);
    assertNoModel(lists);
  }

  @Test
  void memoLoopsAreRefusedOrHarmless() throws IOException {
    // A list and a dictionary that contain themselves.
    assertNoModel(new PickleAssembler().ops("]q\0h\0a").inZip("0", 4));
    byte[] self = new PickleAssembler().ops("}q\0").text("model").ops("h\0s").inZip("0", 4);
    assertNoModel(self);
    // The same as Megatron-LM would have it: endless paths through one dictionary.
    byte[] megatron =
        new PickleAssembler()
            .ops("}q\0(")
            .text("model")
            .ops("h\0")
            .text("language_model")
            .ops("h\0")
            .text("args")
            .ops("}")
            .text("a")
            .ops("h\0")
            .ops("u")
            .inZip("0", 4);
    assertRefusedAsCheckpoint(megatron, "");
    // Doubling: t = (t, t), 500,000 times, would print or hash to 2^500000 elements.
    byte[] doubling = new PickleAssembler().ops(")").repeat(200_000, "2\u0086").inZip("0", 4);
    assertNoModel(doubling);
    byte[] key = new PickleAssembler().ops("})").repeat(200_000, "2\u0086").ops("Ns").inZip("0", 4);
    assertNoModel(key);
    // One long list turned into a dictionary again and again.
    PickleAssembler pairs = new PickleAssembler().ops("](");
    for (int i = 0; i < 20_000; i++) {
      pairs.ops("N").op(0x85);
    }
    pairs.ops("eq\0");
    for (int i = 0; i < 2_000; i++) {
      pairs.global("collections", "OrderedDict").ops("h\0").op(0x85).ops("R0");
    }
    assertRefused(pairs.inZip("0", 4), "no list of pairs");
    assertRefused(new PickleAssembler().ops("j\u0001\u0002\u0003\u0004").inZip("0", 4), "recalled");
    assertRefused(new PickleAssembler().ops("}]Ns").inZip("0", 4), "used as a key");
  }

  @ParameterizedTest
  @CsvSource({
    "X, 4, 4294967295",
    "B, 4, 4294967295",
    "T, 4, 4294967295",
    "\u008d, 8, 9223372036854775807",
    "\u008d, 8, -1",
    "\u008e, 8, 4611686018427387904",
    "\u0096, 8, 1099511627776",
    "\u008b, 4, 4294967295"
  })
  void hugeDeclaredSizesAreRefused(String opcode, int bytes, long size) throws IOException {
    byte[] file = new PickleAssembler().ops(opcode).little(bytes, size).inZip("0", 4);
    assertRefused(file, bytes == 4 && opcode.equals("\u008b") ? "an integer has" : "are left");
  }

  @Test
  void tensorsThatOverrunTheirStorageAreRefused() throws IOException {
    assertTensorRefused(4, 0, new long[] {5}, new long[] {1}, "reaches element 4");
    assertTensorRefused(4, 1, new long[] {2, 2}, new long[] {2, 1}, "reaches element 4");
    assertTensorRefused(4, 0, new long[] {2}, new long[] {-1}, "negative");
    assertTensorRefused(4, 0, new long[] {-2}, new long[] {1}, "negative");
    assertTensorRefused(4, -1, new long[] {2}, new long[] {1}, "sizes and");
    assertTensorRefused(4, 0, new long[] {2, 2}, new long[] {1}, "2 sizes and 1 strides");
    assertTensorRefused(4, 0, new long[40], new long[40], "40 axes");
    assertTensorRefused(
        4, 0, new long[] {1L << 40, 1L << 40}, new long[] {0, 0}, "larger than 2^63");
    assertTensorRefused(4, 0, new long[] {1L << 40}, new long[] {0}, "claimed to be in storage");
    assertTensorRefused(
        4, 0, new long[] {2, 2}, new long[] {Long.MAX_VALUE, 1}, "larger than 2^63");
    assertTensorRefused(4, Long.MAX_VALUE, new long[] {2}, new long[] {1}, "larger than 2^63");
    assertTensorRefused(1L << 62, 0, new long[] {2}, new long[] {1}, "larger than 2^63 bytes");
    assertTensorRefused(-1, 0, new long[] {2}, new long[] {1}, "negative size");
  }

  private void assertTensorRefused(
      long elements, long offset, long[] size, long[] stride, String reason) throws IOException {
    PickleAssembler tree = new PickleAssembler().ops("}").text("w");
    assertRefused(tree.tensor("0", elements, offset, size, stride).ops("s").inZip("0", 16), reason);
  }

  @Test
  void storagesThatAreMissingOrOfAnotherSizeAreRefused() throws IOException {
    assertRefused(oneTensor(4).inZip("1", 16), "lacks storage '0'");
    assertRefused(oneTensor(4).inZip("0", 12), "has 12 bytes, its tensors expect 16");
    assertRefused(oneTensor(ONE << 40).inZip("0", 16), "its tensors expect 4398046511104");
    assertRefused(oneTensor(4).inLegacyFile("1", 4, 16), "no tensor is in it");
    assertRefused(oneTensor(4).inLegacyFile("0", 5, 16), "is the file complete?");
    assertRefused(oneTensor(4).inLegacyFile("0", 3, 16), "has 12 bytes");
    assertRefused(oneTensor(4).inLegacyFile("0", ONE << 61, 16), "claims");
    assertRefused(oneTensor(4).inLegacyFile("0", -1, 16), "claims -1");
    try (NamedTensors read = new TorchStateDict(open(oneTensor(4).inLegacyFile("0", 4, 16)))) {
      assertEquals(4, read.tensor("w").elements());
    }
  }

  private static PickleAssembler oneTensor(long elements) {
    return new PickleAssembler()
        .ops("}")
        .text("w")
        .tensor("0", elements, 0, new long[] {4}, new long[] {1})
        .ops("s");
  }

  @Test
  void dangerousDuplicateAndOverlappingZipMembersAreRefused() throws IOException {
    byte[] pickle = oneTensor(4).end();
    for (String name :
        new String[] {"../evil", "m/../../evil", "/etc/passwd", "..", "m\\evil", "m/.."}) {
      byte[] file = PickleAssembler.zip("m/data.pkl", pickle, name, new byte[4]);
      assertRefused(file, "leads out of the archive");
    }
    byte[] twice =
        PickleAssembler.zip("m/data.pkl", pickle, "m/data/0", new byte[16], "m/data/0", pickle);
    assertRefused(twice, "two members called 'm/data/0'");
    byte[] two = PickleAssembler.zip("m/data.pkl", pickle, "n/data.pkl", pickle);
    assertRefused(two, "has both 'm/data.pkl' and 'n/data.pkl'");
    byte[] ranks =
        PickleAssembler.zip(
            "a/mp_rank_00/model_optim_rng.pt", pickle, "a/mp_rank_01/model_optim_rng.pt", pickle);
    assertRefused(ranks, "holds several ranks");
    byte[] none = PickleAssembler.zip("m/other", pickle);
    assertRefused(none, "neither a data.pkl");
    byte[] overlap = PickleAssembler.zip("m/data.pkl", pickle, "m/data/0", new byte[16]);
    int directory = find(overlap, 0x02014b50);
    int second = find(overlap, 0x02014b50, directory + 4);
    overlap[second + 42] = 8; // the second member now begins inside the first
    overlap[second + 43] = 0;
    assertRefused(overlap, "overlaps");
  }

  @Test
  void zipBombsAreRefused() throws IOException {
    byte[] zeros = new byte[1 << 20];
    byte[] bomb = deflated("m/data.pkl", oneTensor(4).end(), "m/data/0", zeros);
    assertRefused(bomb, "has 1048576 bytes, its tensors expect 16");
    // The tree and the directory agree on 200 MB, but a kilobyte does not inflate to that.
    byte[] agreed = deflated("m/data.pkl", oneTensor(50 << 20).end(), "m/data/0", zeros);
    claimSize(agreed, 1, 200 << 20);
    assertRefused(agreed, "as no weights do");
    byte[] pickle = deflated("m/data.pkl", zeros);
    claimSize(pickle, 0, 100 << 20);
    assertRefused(pickle, "at most 67108864 are read");
    byte[] inner = deflated("release/mp_rank_00/model_optim_rng.pt", zeros);
    claimSize(inner, 0, 2_000_000_000);
    assertRefused(inner, "as no weights do");
    // A member that inflates to more than it claims.
    byte[] liar = deflated("m/data.pkl", oneTensor(4).end(), "m/data/0", new byte[16]);
    int directory = find(liar, 0x02014b50);
    liar[directory + 24]--;
    assertRefused(liar, "inflates to more than");
    byte[] wrong = deflated("m/data.pkl", oneTensor(4).end(), "m/data/0", new byte[16]);
    wrong[find(wrong, 0x02014b50) + 16]++;
    assertRefused(wrong, "size and checksum");
  }

  @Test
  void aFileTruncatedAtAnyByteIsRefused() throws IOException {
    byte[][] files = {
      oneTensor(4).inZip("0", 16),
      oneTensor(4).inLegacyFile("0", 4, 16),
      deflated("m/data.pkl", oneTensor(4).end(), "m/data/0", new byte[16])
    };
    for (byte[] file : files) {
      assertEquals(1, new TorchStateDict(open(file)).names().size());
      for (int length = 0; length < file.length; length++) {
        byte[] part = Arrays.copyOf(file, length);
        assertThrows(CheckpointException.class, () -> readAll(part), "length " + length);
      }
    }
  }

  @Test
  void fixturesTruncatedAnywhereAreRefused() throws IOException {
    for (String name :
        new String[] {
          "megatron_v0_zip_fp16/checkpoint.zip",
          "megatron_v3_args_legacy/model_optim_rng.pt",
          "MegatronBertModel/pytorch_model.bin"
        }) {
      byte[] file = Files.readAllBytes(Fixtures.transformers(name));
      for (int i = 0; i < 500; i++) {
        byte[] part = Arrays.copyOf(file, (int) ((long) file.length * i / 500));
        assertThrows(CheckpointException.class, () -> readAll(part), name + " " + part.length);
      }
    }
  }

  private static TorchFile open(byte[] file) throws IOException {
    return TorchFile.of(MemorySegment.ofArray(file), "hostile.bin");
  }

  private static void readAll(byte[] file) throws IOException {
    try (TorchFile torch = open(file)) {
      if (MegatronCheckpoint.isOne(torch)) {
        MegatronMerge.of(MegatronRanks.ofFile(torch));
      } else {
        try (NamedTensors state = new TorchStateDict(torch)) {
          for (String tensor : state.names()) {
            state.tensor(tensor);
          }
        }
      }
    }
  }

  private static void assertNoModel(byte[] file) {
    assertRefused(file, "dictionary from names to tensors");
  }

  private static void assertRefused(byte[] file, String reason) {
    ThreadCost before = ThreadCost.now();
    String message = assertThrows(CheckpointException.class, () -> readAll(file)).getMessage();
    ThreadCost cost = ThreadCost.now().since(before);
    assertTrue(message.contains(reason), message);
    assertTrue(message.contains("hostile.bin"), message);
    assertTrue(message.length() < 600 && message.lines().count() == 1, message);
    assertTrue(cost.seconds() < 1, cost.toString());
    assertTrue(cost.megabytes() < 256, cost.toString());
  }

  private void assertRefusedAsCheckpoint(byte[] content, String reason) throws IOException {
    Path file = folder.resolve("hostile.pt");
    Files.write(file, content);
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(file)).getMessage();
    assertTrue(message.contains(reason) && message.length() < 600, message);
  }

  private static byte[] deflated(Object... namesAndContents) throws IOException {
    return Archives.deflated(namesAndContents);
  }

  /** Changes the uncompressed size that the directory gives for member {@code index}. */
  private static void claimSize(byte[] zip, int index, int size) {
    int entry = find(zip, 0x02014b50);
    for (int i = 0; i < index; i++) {
      entry = find(zip, 0x02014b50, entry + 4);
    }
    MemorySegment.ofArray(zip).set(LittleEndian.INT, entry + 24, size);
  }

  private static int find(byte[] bytes, int signature) {
    return find(bytes, signature, 0);
  }

  private static int find(byte[] bytes, int signature, int from) {
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int at = from; at <= bytes.length - 4; at++) {
      if (segment.get(LittleEndian.INT, at) == signature) {
        return at;
      }
    }
    throw new AssertionError("no such signature");
  }
}
