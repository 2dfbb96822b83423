// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import io.github.megabert.checkpoint.file.OutputFile;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Writes a corpus in Megatron-LM's format, as its {@code IndexedDatasetBuilder} does. Both files
 * appear at {@link #commit}. Not thread-safe.
 */
public final class IndexedDatasetWriter implements AutoCloseable {
  private static final int BUFFER = 1 << 20;
  private static final byte[] MAGIC = "MMIDIDX\0\0".getBytes(StandardCharsets.US_ASCII);

  private final TokenType type;
  private final Path dataName;
  private final OutputFile data;
  private final OutputFile index;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
  private long written;
  private int[] lengths = new int[1 << 10];
  private int sequences;
  private int[] firsts = new int[1 << 8];
  private int documents;

  private IndexedDatasetWriter(Path prefix, TokenType type) throws IOException {
    this.type = type;
    dataName = IndexedDataset.dataFile(prefix);
    data = OutputFile.create(dataName);
    try {
      index = OutputFile.create(IndexedDataset.indexFile(prefix));
    } catch (IOException failure) {
      data.close();
      throw failure;
    }
  }

  /**
   * Begins {@code PREFIX.bin} and {@code PREFIX.idx}.
   *
   * @throws IOException if they cannot be written
   */
  public static IndexedDatasetWriter create(Path prefix, TokenType type) throws IOException {
    return new IndexedDatasetWriter(prefix, type);
  }

  /** Documents so far. */
  public int documents() {
    return documents;
  }

  /** Sequences so far. */
  public int sequences() {
    return sequences;
  }

  /** Tokens so far. */
  public long tokens() {
    return (written + buffer.position()) / type.bytes();
  }

  /**
   * Adds a sequence to the document under way.
   *
   * @param tokens ids, of which the first {@code count} are written
   * @throws IllegalArgumentException if an id does not fit the type
   */
  public void add(int[] tokens, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      if (tokens[i] < 0 || tokens[i] > type.most()) {
        throw new IllegalArgumentException(
            "the token id " + tokens[i] + " does not fit " + type.numpyName());
      }
      if (buffer.remaining() < Long.BYTES) {
        flush();
      }
      type.write(buffer, tokens[i]);
    }
    note(count);
  }

  /** Ends the document under way, which may have no sequence. */
  public void endDocument() throws IOException {
    if (documents == firsts.length) {
      firsts = Arrays.copyOf(firsts, grown(documents));
    }
    firsts[documents++] = sequences;
  }

  /**
   * Adds all documents of another corpus.
   *
   * @throws TrainingDataException if its type is another, or it has modes
   */
  public void append(IndexedDataset other) throws IOException {
    if (other.type() != type || other.hasModes()) {
      throw new TrainingDataException(
          IndexedDataset.indexFile(other.prefix()),
          other.hasModes()
              ? "is of a multimodal corpus; one of text is expected"
              : "stores tokens as "
                  + other.type().numpyName()
                  + ", those before it have "
                  + type.numpyName()
                  + "; write them anew with one type");
    }
    int[] tokens = {};
    for (int document = 0; document < other.documents(); document++) {
      int end = other.firstSequence(document + 1);
      for (int sequence = other.firstSequence(document); sequence < end; sequence++) {
        int length = other.length(sequence);
        if (tokens.length < length) {
          tokens = new int[length];
        }
        other.read(sequence, 0, length, tokens, 0);
        requireIds(other, sequence, tokens, length);
        add(tokens, length);
      }
      endDocument();
    }
  }

  private void requireIds(IndexedDataset other, int sequence, int[] tokens, int count)
      throws TrainingDataException {
    for (int i = 0; i < count; i++) {
      if (tokens[i] < 0 || tokens[i] > type.most()) {
        throw new TrainingDataException(
            IndexedDataset.dataFile(other.prefix()),
            "has a number in sequence " + sequence + " that is no token id");
      }
    }
  }

  private void note(int length) throws IOException {
    if (sequences == lengths.length) {
      lengths = Arrays.copyOf(lengths, grown(sequences));
    }
    lengths[sequences++] = length;
  }

  private int grown(int count) throws IOException {
    if (count >= Integer.MAX_VALUE - 8) {
      throw new TrainingDataException(
          dataName, "would have more than 2^31 sequences; divide the corpus into several prefixes");
    }
    return (int) Math.min(Integer.MAX_VALUE - 8, 2L * count);
  }

  private void flush() throws IOException {
    buffer.flip();
    int size = buffer.remaining();
    data.write(buffer, written);
    written += size;
    buffer.clear();
  }

  /** Puts both complete files in their places. */
  public void commit() throws IOException {
    flush();
    writeIndex();
    data.commit();
    index.commit();
  }

  private void writeIndex() throws IOException {
    IndexBytes out = new IndexBytes();
    buffer.put(MAGIC).putLong(1).put((byte) type.code());
    out.putLong(sequences);
    out.putLong(documents + 1L);
    for (int i = 0; i < sequences; i++) {
      out.putInt(lengths[i]);
    }
    long place = 0;
    for (int i = 0; i < sequences; i++) {
      out.putLong(place);
      place += (long) type.bytes() * lengths[i];
    }
    out.putLong(0);
    for (int i = 0; i < documents; i++) {
      out.putLong(firsts[i]);
    }
    out.flush();
  }

  /** The index through the buffer, which the data has left empty. */
  private final class IndexBytes {
    private long position;

    void putInt(int value) throws IOException {
      reserve();
      buffer.putInt(value);
    }

    void putLong(long value) throws IOException {
      reserve();
      buffer.putLong(value);
    }

    private void reserve() throws IOException {
      if (buffer.remaining() < Long.BYTES) {
        flush();
      }
    }

    void flush() throws IOException {
      buffer.flip();
      int size = buffer.remaining();
      index.write(buffer, position);
      position += size;
      buffer.clear();
    }
  }

  /** Removes what was written unless it was committed. */
  @Override
  public void close() throws IOException {
    try (index) {
      data.close();
    }
  }
}
