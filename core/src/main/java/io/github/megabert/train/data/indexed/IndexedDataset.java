// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.MappedFile;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A corpus in Megatron-LM's format: documents of sequences (sentences, where it was split into
 * them) of token ids. The tokens are memory-mapped, the index is copied into native memory, 12
 * bytes a sequence. Thread-safe until it is closed.
 */
public final class IndexedDataset implements AutoCloseable {
  private static final int MOST_AT_ONCE = 1 << 16;
  private static final int CHECKED_BLOCKS = 64;
  private static final int CHECKED_BYTES = 1 << 20;

  private final OwnedArena arena = new OwnedArena();
  private final Path prefix;
  private final Stamp dataStamp;
  private final Stamp indexStamp;
  private final MemorySegment indexBytes;
  private final MemorySegment data;
  private final IndexFile index;

  /** What tells that a file is still the one that was opened. */
  private record Stamp(Path file, long size, FileTime modified, @Nullable Object key) {
    static Stamp of(Path file) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Stamp(
          file, attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    void requireUnchanged() throws IOException {
      if (!Files.exists(file) || !equals(of(file))) {
        throw new TrainingDataException(
            file, "has been changed or removed since it was opened; begin again with what it is");
      }
    }
  }

  private IndexedDataset(Path prefix) throws IOException {
    this.prefix = prefix;
    Path dataFile = dataFile(prefix);
    Path indexFile = indexFile(prefix);
    try {
      indexBytes = copy(indexFile, arena.arena());
      data = MappedFile.map(dataFile, arena.arena());
      dataStamp = Stamp.of(dataFile);
      indexStamp = Stamp.of(indexFile);
      index = new IndexFile(indexFile, indexBytes, data.byteSize());
    } catch (IOException | RuntimeException | Error failure) {
      arena.close();
      throw failure;
    }
  }

  /**
   * Maps {@code PREFIX.bin} and {@code PREFIX.idx} and checks the index entirely.
   *
   * @throws CheckpointException if a file is missing or cannot be mapped
   * @throws TrainingDataException if the index is malformed, or does not fit the data
   * @throws IOException if they cannot be read
   */
  public static IndexedDataset open(Path prefix) throws IOException {
    return new IndexedDataset(prefix);
  }

  private static MemorySegment copy(Path file, Arena target) throws IOException {
    try (OwnedArena mapping = new OwnedArena()) {
      MemorySegment mapped = MappedFile.map(file, mapping.arena());
      return MappedMemory.read(
          file.toString(), () -> target.allocate(mapped.byteSize(), Long.BYTES).copyFrom(mapped));
    }
  }

  /** The file of a corpus's tokens. */
  public static Path dataFile(Path prefix) {
    return withSuffix(prefix, ".bin");
  }

  /** The file of a corpus's index. */
  public static Path indexFile(Path prefix) {
    return withSuffix(prefix, ".idx");
  }

  private static Path withSuffix(Path prefix, String suffix) {
    return prefix.resolveSibling(Objects.toString(prefix.getFileName(), "") + suffix);
  }

  /** What both files' names begin with. */
  public Path prefix() {
    return prefix;
  }

  /** How a token is stored. */
  public TokenType type() {
    return index.type();
  }

  /** Number of sequences. */
  public int sequences() {
    return index.sequences();
  }

  /** Number of documents. */
  public int documents() {
    return index.documents();
  }

  /** Whether sequences have modes, as those of a multimodal corpus do. */
  public boolean hasModes() {
    return index.hasModes();
  }

  /**
   * The first sequence of a document.
   *
   * @param document 0 to {@link #documents}; the last is the end of all
   */
  public int firstSequence(int document) {
    Objects.checkIndex(document, documents() + 1);
    return index.first(document);
  }

  /** Tokens of a sequence. */
  public int length(int sequence) {
    Objects.checkIndex(sequence, sequences());
    return index.length(sequence);
  }

  /** Tokens of the sequences {@code from} to {@code to - 1}. */
  public long tokens(int from, int to) {
    Objects.checkFromToIndex(from, to, sequences());
    long sum = 0;
    for (int sequence = from; sequence < to; sequence++) {
      sum += index.length(sequence);
    }
    return sum;
  }

  /**
   * Copies tokens of a sequence.
   *
   * @param from the first, at least 0
   * @param count how many
   * @param target takes them from {@code at} on; −1 stands for a number that is no id
   */
  public void read(int sequence, int from, int count, int[] target, int at) {
    Objects.checkFromIndexSize(from, count, length(sequence));
    Objects.checkFromIndexSize(at, count, target.length);
    TokenType type = index.type();
    long place = index.place(sequence) + (long) type.bytes() * from;
    for (int done = 0; done < count; done += MOST_AT_ONCE) {
      int part = Math.min(MOST_AT_ONCE, count - done);
      byte[] stored = bytes(place + (long) type.bytes() * done, type.bytes() * part);
      type.read(ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN), target, at + done, part);
    }
  }

  /** A copy of some of the data, whose mapping another process may cut short. */
  private byte[] bytes(long offset, int size) {
    byte[] copy = new byte[size];
    return MappedMemory.read(
        dataFile(prefix).toString(),
        () -> {
          MemorySegment.copy(data, ValueLayout.JAVA_BYTE, offset, copy, 0, size);
          return copy;
        });
  }

  /** A copy of a sequence's tokens. */
  public int[] read(int sequence) {
    int[] tokens = new int[length(sequence)];
    read(sequence, 0, tokens.length, tokens, 0);
    return tokens;
  }

  /**
   * A number that another content has not: of the index, of the data's size, and of up to {@value
   * #CHECKED_BLOCKS} MB spread over it.
   */
  public long checksum() {
    CRC32C crc = new CRC32C();
    for (long from = 0; from < indexBytes.byteSize(); from += CHECKED_BYTES) {
      long size = Math.min(CHECKED_BYTES, indexBytes.byteSize() - from);
      crc.update(indexBytes.asSlice(from, size).asByteBuffer());
    }
    long apart = Math.max(CHECKED_BYTES, data.byteSize() / CHECKED_BLOCKS);
    for (long from = 0; from < data.byteSize(); from += apart) {
      crc.update(bytes(from, (int) Math.min(CHECKED_BYTES, data.byteSize() - from)));
    }
    return crc.getValue() << Integer.SIZE ^ data.byteSize();
  }

  /**
   * Looks whether both files are as they were when they were opened.
   *
   * @throws TrainingDataException if one is not
   */
  public void requireUnchanged() throws IOException {
    dataStamp.requireUnchanged();
    indexStamp.requireUnchanged();
  }

  @Override
  public void close() {
    arena.close();
  }
}
