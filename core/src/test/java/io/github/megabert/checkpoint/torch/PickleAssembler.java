// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Pickles put together opcode by opcode, as no honest program would, and the files around them. */
public final class PickleAssembler {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  public PickleAssembler() {
    op(0x80).op(2);
  }

  public PickleAssembler op(int... opcodes) {
    for (int opcode : opcodes) {
      out.write(opcode);
    }
    return this;
  }

  public PickleAssembler ops(String opcodes) {
    return op(opcodes.chars().toArray());
  }

  public PickleAssembler repeat(int count, String opcodes) {
    return ops(opcodes.repeat(count));
  }

  public PickleAssembler little(int size, long value) {
    out.write(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array(), 0, size);
    return this;
  }

  public PickleAssembler text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X').little(4, bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  public PickleAssembler number(long value) {
    return op(0x8a, 8).little(8, value);
  }

  public PickleAssembler global(String module, String name) {
    return ops("c" + module + "\n" + name + "\n");
  }

  PickleAssembler tuple(long... values) {
    op('(');
    for (long value : values) {
      number(value);
    }
    return op('t');
  }

  /** A tensor of float32 in a storage of {@code elements} called {@code key}. */
  public PickleAssembler tensor(
      String key, long elements, long offset, long[] size, long[] stride) {
    global("torch._utils", "_rebuild_tensor_v2").op('(', '(').text("storage");
    global("torch", "FloatStorage").text(key).text("cpu").number(elements).ops("tQ");
    return number(offset).tuple(size).tuple(stride).op(0x89).ops("}tR");
  }

  public byte[] end() {
    byte[] unended = out.toByteArray();
    byte[] ended = java.util.Arrays.copyOf(unended, unended.length + 1);
    ended[unended.length] = '.';
    return ended;
  }

  /** The pickle as the tree of a file in PyTorch's zip format, with one storage of zeros. */
  public byte[] inZip(String key, int storageBytes) {
    return zip("m/data.pkl", end(), "m/data/" + key, new byte[storageBytes]);
  }

  /** The pickle as the tree of a file in the older format, with one storage of zeros. */
  public byte[] inLegacyFile(String key, long claimedElements, int storageBytes) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    byte[] magic = {0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8};
    PickleAssembler first = new PickleAssembler().op(0x8a, 10);
    first.out.writeBytes(magic);
    file.writeBytes(first.op(0x50, 0x19).end());
    file.writeBytes(new PickleAssembler().number(1001).end());
    file.writeBytes(new PickleAssembler().op('}').end());
    file.writeBytes(end());
    file.writeBytes(new PickleAssembler().ops("](").text(key).op('e').end());
    file.writeBytes(new PickleAssembler().tail(claimedElements));
    file.writeBytes(new byte[storageBytes]);
    return file.toByteArray();
  }

  private byte[] tail(long elements) {
    out.reset();
    little(8, elements);
    return out.toByteArray();
  }

  /** A zip archive of stored members, names and contents in turn. */
  public static byte[] zip(Object... namesAndContents) {
    try {
      Path file = Files.createTempFile("megabert-test", ".zip");
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        ZipStoreWriter writer = new ZipStoreWriter(channel);
        for (int i = 0; i < namesAndContents.length; i += 2) {
          writer.add(
              (String) namesAndContents[i],
              MemorySegment.ofArray((byte[]) namesAndContents[i + 1]));
        }
        writer.finish();
      }
      byte[] bytes = Files.readAllBytes(file);
      Files.delete(file);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
