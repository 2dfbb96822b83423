// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.InputFile;
import io.github.megabert.input.UnreadableFileException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a file in UTF-8, counted and bounded in length. A line ends with {@code \n} or
 * {@code \r\n}; a byte order mark at the file's beginning is passed over.
 */
final class Lines implements Closeable {
  /** More than any document that a model reads at once; less than what fills a small heap. */
  static final int LONGEST = 1 << 22;

  private static final byte[] UTF_8_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final InputStream in;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private final byte[] buffer = new byte[BUFFER];
  private int position;
  private int limit;
  private long filled;
  private byte[] line = new byte[256];
  private CharBuffer characters = CharBuffer.allocate(256);
  private long number;

  private Lines(Path file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  /** Opens a regular file. */
  static Lines open(Path file) throws IOException {
    return new Lines(file, openFile(file));
  }

  /** A regular file's bytes; anything else could be without end, or never begin. */
  static InputStream openFile(Path file) throws IOException {
    try {
      return InputFile.stream(file, Long.MAX_VALUE);
    } catch (UnreadableFileException refusal) {
      throw new TrainingDataException(refusal);
    }
  }

  Path file() {
    return file;
  }

  /** Number of the line that was read last, from 1. */
  long number() {
    return number;
  }

  /** Bytes of the file up to the end of that line. */
  long bytes() {
    return filled - limit + position;
  }

  /** The next line without its end, or null. */
  @Nullable String next() throws IOException {
    int length = 0;
    boolean ended = false;
    while (!ended) {
      if (position == limit) {
        position = 0;
        limit = Math.max(0, in.read(buffer));
        filled += limit;
        if (limit == 0) {
          break;
        }
      }
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      append(length, end - position);
      length += end - position;
      ended = end < limit;
      position = ended ? end + 1 : end;
    }
    if (length == 0 && !ended) {
      return null;
    }
    number++;
    if (length > 0 && line[length - 1] == '\r') {
      length--;
    }
    return text(length);
  }

  private void append(int length, int count) throws TrainingDataException {
    if (length + count > LONGEST) {
      throw new TrainingDataException(
          file,
          number + 1,
          "the line is longer than " + LONGEST + " bytes; is this a text file of one row a line?");
    }
    if (length + count > line.length) {
      line = Arrays.copyOf(line, Math.max(length + count, Math.min(LONGEST, 2 * line.length)));
    }
    System.arraycopy(buffer, position, line, length, count);
  }

  private String text(int length) throws TrainingDataException {
    int start =
        number == 1
                && length >= UTF_8_MARK.length
                && Arrays.equals(line, 0, UTF_8_MARK.length, UTF_8_MARK, 0, UTF_8_MARK.length)
            ? UTF_8_MARK.length
            : 0;
    if (characters.capacity() < length) {
      characters = CharBuffer.allocate(line.length);
    }
    ByteBuffer bytes = ByteBuffer.wrap(line, start, length - start);
    characters.clear();
    CoderResult result = decoder.reset().decode(bytes, characters, true);
    if (result.isError()) {
      throw notUtf8(bytes.position());
    }
    return characters.flip().toString();
  }

  private TrainingDataException notUtf8(int at) {
    int value = Byte.toUnsignedInt(line[at]);
    boolean utf16 = number == 1 && at == 0 && (value == 0xFF || value == 0xFE);
    return new TrainingDataException(
        file,
        number,
        String.format(
            Locale.ROOT,
            "byte %d of the line, 0x%02X, is not UTF-8%s; save the file as UTF-8",
            at + 1,
            value,
            utf16 ? " but the mark of UTF-16" : ""));
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
