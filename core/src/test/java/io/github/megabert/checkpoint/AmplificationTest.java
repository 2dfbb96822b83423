// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.checkpoint.torch.PickleAssembler;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A small file does not become much work or memory, and honest compressed files are read. */
class AmplificationTest {
  private static final long[] ONE_ROW = {1, 1};

  /** A state dict whose tensors, each of so many elements, are all in one storage. */
  private static PickleAssembler views(int count, long storage, long[] size, long[] stride) {
    PickleAssembler tree = new PickleAssembler().ops("}(");
    for (int i = 0; i < count; i++) {
      tree.text("w" + i).tensor("0", storage, 0, size, stride);
    }
    return tree.ops("u");
  }

  private static TorchStateDict open(byte[] file) throws IOException {
    return new TorchStateDict(TorchFile.of(MemorySegment.ofArray(file), "small.bin"));
  }

  private static void assertRefused(byte[] file, String reason) {
    String message = assertThrows(CheckpointException.class, () -> open(file)).getMessage();
    assertTrue(message.contains(reason) && message.contains("small.bin"), message);
  }

  @Test
  void aStorageIsInflatedOnceForAllItsTensors() throws IOException {
    int bytes = 60 << 20;
    byte[] tree = views(103, bytes / 4, new long[] {64, 64}, new long[] {64, 1}).end();
    byte[] file = Archives.deflated("m/data.pkl", tree, "m/data/0", new byte[bytes]);
    assertTrue(file.length < 100_000, "bytes: " + file.length);
    try (TorchStateDict read = open(file);
        Arena arena = Arena.ofConfined()) {
      long address = read.tensor("w0").segment().address();
      for (String name : read.names()) {
        assertEquals(address, read.tensor(name).segment().address());
        assertEquals(address, read.tensor(name, arena).segment().address());
      }
    }
  }

  @Test
  void membersAreLimitedTogetherAndNotOnlyEach() throws IOException {
    List<Object> members =
        new ArrayList<>(List.of("m/data.pkl", views(1, 1, ONE_ROW, ONE_ROW).end()));
    for (int i = 0; i < 40; i++) {
      members.add("m/data/" + i);
      members.add(new byte[2 << 20]);
    }
    assertRefused(
        Archives.deflated(members.toArray()),
        "bytes or more, as no weights do; at most 67108864 are read");
    // An archive in an archive has no limit of its own.
    byte[] inner = Archives.deflated(members.subList(0, 40).toArray());
    byte[] outer = Archives.deflated("a/model_optim_rng.pt", inner, "a/fill", new byte[40 << 20]);
    assertRefused(outer, "as no weights do");
  }

  @Test
  void tensorsAreLimitedTogetherAndNotOnlyEach() {
    // Stride 0: a million elements each out of one.
    byte[] tree = views(17, 1, new long[] {1 << 20}, new long[] {0}).end();
    byte[] repeated = PickleAssembler.zip("m/data.pkl", tree, "m/data/0", new byte[4]);
    assertRefused(repeated, "tensors of together 71303168 bytes or more");
    // Windows that overlap: half a million numbers give 512 tensors of half a million.
    byte[] windows =
        PickleAssembler.zip(
            "m/data.pkl",
            views(512, 1 << 13, new long[] {1 << 12, 1 << 12}, new long[] {1, 1}).end(),
            "m/data/0",
            new byte[4 << 13]);
    assertRefused(windows, "is claimed to be in storage");
  }

  @Test
  void aTransposedTensorIsCopiedOnce() throws IOException {
    byte[] tree = views(1, 6, new long[] {2, 3}, new long[] {1, 2}).end();
    try (TorchStateDict read =
        open(PickleAssembler.zip("m/data.pkl", tree, "m/data/0", new byte[24]))) {
      assertEquals(read.tensor("w0").segment().address(), read.tensor("w0").segment().address());
    }
  }

  /**
   * Keys of equal hash that cannot be compared would make a table take the square of its size. A
   * whole number counts as its text.
   */
  @Test
  void onlyTextsAndWholeNumbersAreKeys() throws IOException {
    PickleAssembler tree = new PickleAssembler().ops("}(");
    for (int i = 0; i < 4096; i++) {
      StringBuilder name = new StringBuilder();
      for (int bit = 0; bit < 12; bit++) {
        name.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      tree.global("megatron", name.toString()).number(i);
      tree.text(name.toString()).number(i);
    }
    tree.number(1).text("a number's").ops("G\0\0\0\0\0\0\0\0").text("another's");
    tree.ops("N").text("nothing's").ops(")").text("a tuple's");
    byte[] file = PickleAssembler.zip("m/data.pkl", tree.ops("u").end());
    try (TorchFile read = TorchFile.of(MemorySegment.ofArray(file), "small.bin")) {
      Map<?, ?> map = (Map<?, ?>) read.root();
      assertEquals(4096 + 1, map.size());
      assertEquals("a number's", PickleValues.member(map, "1"));
      assertEquals(1L, PickleValues.member(map, "BB" + "Aa".repeat(11)));
    }
  }

  /** Once an inflater has taken its last input it may still have output to give. */
  @Test
  void deflatedMembersOfAnySizeAreRead() throws IOException {
    Random random = new Random(5);
    for (int i = 0; i < 24; i++) {
      int size = ((i % 2 + 1) << 20) + 4 * random.nextInt(200);
      byte[] content = new byte[size];
      random.nextBytes(content);
      // Some compress well, some badly.
      for (int at = 0; at < size; at++) {
        content[at] &= (byte) (0xff >> i % 8);
      }
      byte[] tree = views(1, size / 4, new long[] {size / 4}, new long[] {1}).end();
      byte[] file = Archives.deflated("m/data.pkl", tree, "m/data/0", content);
      try (TorchStateDict read = open(file)) {
        assertArrayEquals(content, read.tensor("w0").segment().toArray(LittleEndian.BYTE));
      }
    }
  }

  @Test
  void aStoredMemberMustHaveItsChecksum() throws IOException {
    byte[] content = {1, 2, 3, 4};
    byte[] tree = views(1, 1, ONE_ROW, ONE_ROW).end();
    byte[] file = PickleAssembler.zip("m/data.pkl", tree, "m/data/0", content);
    MemorySegment bytes = MemorySegment.ofArray(file);
    int at = (int) bytes.byteSize() - 1;
    while (bytes.get(LittleEndian.INT, at - 3) != 0x04030201) {
      at--;
    }
    file[at]++;
    try (TorchStateDict read = open(file)) {
      for (int i = 0; i < 2; i++) {
        String message =
            assertThrows(CheckpointException.class, () -> read.tensor("w0")).getMessage();
        assertTrue(message.contains("'m/data/0' has checksum"), message);
        assertTrue(message.contains("the directory says b63cfbcd"), message);
      }
    }
    // 0 stands for none, as PyTorch writes it when it is told not to compute checksums.
    int directory = find(bytes, 0x02014b50, 0);
    int second = find(bytes, 0x02014b50, directory + 4);
    bytes.set(LittleEndian.INT, second + 16, 0);
    try (TorchStateDict read = open(file)) {
      assertEquals(0x05030201, read.tensor("w0").segment().get(LittleEndian.INT, 0));
    }
  }

  private static int find(MemorySegment bytes, int signature, int from) {
    int at = from;
    while (bytes.get(LittleEndian.INT, at) != signature) {
      at++;
    }
    return at;
  }
}
