// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.train.data.TrainingDataException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The content of {@code PREFIX.idx}:
 *
 * <pre>{@code
 * "MMIDIDX\0\0", version 1 (8 bytes), type's code (1), sequences S (8), documents + 1 = D (8),
 * S lengths in tokens (4 each), S places in the .bin in bytes (8 each),
 * D numbers of first sequences (8 each), and with a multimodal corpus S modes (1 each)
 * }</pre>
 *
 * <p>All of it is checked when it is opened: nothing that it says leads outside of either file.
 */
final class IndexFile {
  private static final byte[] MAGIC = {'M', 'M', 'I', 'D', 'I', 'D', 'X', 0, 0};
  private static final long VERSION = 1;
  private static final int CODE = MAGIC.length + Long.BYTES;
  private static final int SEQUENCES = CODE + 1;
  private static final int DOCUMENTS = SEQUENCES + Long.BYTES;
  static final int HEADER = DOCUMENTS + Long.BYTES;

  private final Path file;
  private final MemorySegment bytes;
  private final TokenType type;
  private final int sequences;
  private final int documents;
  private final long places;
  private final long firsts;
  private final boolean hasModes;

  /**
   * Checks an index.
   *
   * @param bytes a copy, which nobody else can change
   * @param dataSize bytes of {@code PREFIX.bin}
   */
  IndexFile(Path file, MemorySegment bytes, long dataSize) throws TrainingDataException {
    this.file = file;
    this.bytes = bytes;
    if (bytes.byteSize() < HEADER || !startsWithMagic()) {
      throw refusal("is no index of Megatron-LM: it does not begin with MMIDIDX and a header");
    }
    long version = bytes.get(LittleEndian.LONG, MAGIC.length);
    if (version != VERSION) {
      throw refusal("has version " + Long.toUnsignedString(version) + "; 1 is expected");
    }
    type = readType();
    long countOfSequences = bytes.get(LittleEndian.LONG, SEQUENCES);
    long countOfEnds = bytes.get(LittleEndian.LONG, DOCUMENTS);
    requireCount("sequences", countOfSequences, 0, Integer.BYTES + Long.BYTES);
    requireCount("document boundaries", countOfEnds, 1, Long.BYTES);
    sequences = (int) countOfSequences;
    documents = (int) countOfEnds - 1;
    places = HEADER + (long) Integer.BYTES * sequences;
    firsts = places + (long) Long.BYTES * sequences;
    hasModes = requireSize(firsts + Long.BYTES * countOfEnds);
    requirePlaces(dataSize);
    requireDocuments();
  }

  private boolean startsWithMagic() {
    for (int i = 0; i < MAGIC.length; i++) {
      if (bytes.get(LittleEndian.BYTE, i) != MAGIC[i]) {
        return false;
      }
    }
    return true;
  }

  private TokenType readType() throws TrainingDataException {
    int code = Byte.toUnsignedInt(bytes.get(LittleEndian.BYTE, CODE));
    for (TokenType known : TokenType.values()) {
      if (known.code() == code) {
        return known;
      }
    }
    throw refusal("has the type code " + code + " for its tokens; 1 to 8 are known");
  }

  private void requireCount(String what, long count, long least, int bytesEach)
      throws TrainingDataException {
    if (count < least || count > (bytes.byteSize() - HEADER) / bytesEach) {
      throw refusal(
          "claims "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", which its "
              + bytes.byteSize()
              + " bytes cannot hold; is it complete?");
    }
    if (count >= Integer.MAX_VALUE) {
      throw refusal("has " + count + " " + what + "; divide the corpus into several prefixes");
    }
  }

  /** Whether modes follow. */
  private boolean requireSize(long expected) throws TrainingDataException {
    if (bytes.byteSize() == expected) {
      return false;
    }
    if (bytes.byteSize() == expected + sequences) {
      return true;
    }
    throw refusal(
        "has "
            + bytes.byteSize()
            + " bytes; "
            + sequences
            + " sequences and "
            + documents
            + " documents take "
            + expected);
  }

  private void requirePlaces(long dataSize) throws TrainingDataException {
    long end = 0;
    for (int i = 0; i < sequences; i++) {
      int length = length(i);
      long place = place(i);
      if (length < 0) {
        throw refusal("gives sequence " + i + " the length " + length);
      }
      long size = (long) type.bytes() * length;
      if (place < end || place > dataSize - size) {
        throw refusal(
            "places sequence "
                + i
                + " of "
                + length
                + " tokens at byte "
                + place
                + (place < end ? ", inside the one before it" : ", beyond the end of the .bin")
                + " of "
                + dataSize
                + " bytes; do both files belong together, and are they complete?");
      }
      end = place + size;
    }
  }

  private void requireDocuments() throws TrainingDataException {
    long before = 0;
    for (int i = 0; i <= documents; i++) {
      long first = bytes.get(LittleEndian.LONG, firsts + (long) Long.BYTES * i);
      if (i == 0 ? first != 0 : first < before || first > sequences) {
        throw refusal(
            "begins document "
                + i
                + " with sequence "
                + first
                + "; "
                + (i == 0 ? "0" : before + " to " + sequences)
                + " is expected");
      }
      before = first;
    }
  }

  private TrainingDataException refusal(String sentence) {
    return new TrainingDataException(file, sentence);
  }

  TokenType type() {
    return type;
  }

  int sequences() {
    return sequences;
  }

  int documents() {
    return documents;
  }

  /** Whether the sequences have modes, which a corpus of text has not. */
  boolean hasModes() {
    return hasModes;
  }

  /** Tokens of a sequence. */
  int length(int sequence) {
    return bytes.get(LittleEndian.INT, HEADER + (long) Integer.BYTES * sequence);
  }

  /** The offset of a sequence's first byte in the data. */
  long place(int sequence) {
    return bytes.get(LittleEndian.LONG, places + (long) Long.BYTES * sequence);
  }

  /** The first sequence of a document; of the one after the last, the end. */
  int first(int document) {
    return (int) bytes.get(LittleEndian.LONG, firsts + (long) Long.BYTES * document);
  }
}
