// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.input.InputFile;
import io.github.megabert.tokenizer.TokenizerException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The text of files, one after the other, in blocks that end at white space. */
final class CorpusBlocks implements Closeable {
  private final int blockBytes;
  private final Iterator<Path> files;
  private @Nullable FileChannel channel;
  private Path file = Path.of("");

  /** What was read behind the last white space of the block before. */
  private byte[] rest = new byte[0];

  private long line;

  /**
   * A part of a file.
   *
   * @param line of the file in which the block begins, from 1
   */
  record Block(Path file, long line, ByteBuffer bytes) {
    /**
     * The text.
     *
     * @throws TokenizerException if it is not UTF-8
     */
    String text() throws TokenizerException {
      CharsetDecoder decoder =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT);
      CharBuffer characters = CharBuffer.allocate(bytes.limit());
      CoderResult result = decoder.decode(bytes, characters, true);
      if (result.isError()) {
        throw notUtf8(bytes.position());
      }
      return characters.flip().toString();
    }

    private TokenizerException notUtf8(int at) {
      long lines = 0;
      int lineBegin = 0;
      for (int i = 0; i < at; i++) {
        if (bytes.get(i) == '\n') {
          lines++;
          lineBegin = i + 1;
        }
      }
      int value = Byte.toUnsignedInt(bytes.get(at));
      boolean isFirst = line == 1 && lines == 0;
      String hint = "";
      if (isFirst && at == 0 && (value == 0xFF || value == 0xFE)) {
        hint = " but the mark of UTF-16";
      } else if (isFirst && at == 1 && bytes.get(0) == 0x1F && value == 0x8B) {
        return new TokenizerException(
            file + " is compressed by gzip; a text is expected: unpack it");
      }
      return new TokenizerException(
          String.format(
              Locale.ROOT,
              "%s, line %d: byte %d of the line, 0x%02X, is not UTF-8%s; save the file as UTF-8",
              file,
              line + lines,
              at - lineBegin + 1,
              value,
              hint));
    }
  }

  /**
   * Blocks of files that exist.
   *
   * @param blockBytes bytes of a block at most
   */
  CorpusBlocks(List<Path> files, int blockBytes) {
    this.files = files.iterator();
    this.blockBytes = blockBytes;
  }

  /** The next block, or null behind the last. */
  @Nullable Block next() throws IOException {
    while (true) {
      FileChannel open = channel;
      if (open == null) {
        if (!files.hasNext()) {
          return null;
        }
        file = files.next();
        open = InputFile.channel(file);
        channel = open;
        line = 1;
        rest = new byte[0];
      }
      long left = Math.max(0, open.size() - open.position());
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(blockBytes, rest.length + left + 1));
      bytes.put(rest);
      boolean ends = !fill(open, bytes);
      int length = bytes.position();
      int end = ends ? length : cut(bytes.array(), length);
      rest = new byte[length - end];
      bytes.get(end, rest);
      if (ends) {
        open.close();
        channel = null;
      }
      if (end > 0) {
        Block block = new Block(file, line, bytes.position(0).limit(end));
        line += lines(bytes.array(), end);
        return block;
      }
    }
  }

  /** Reads until the buffer is full; whether there may be more. */
  private static boolean fill(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Behind the last white space; where there is none, before the last character. */
  private static int cut(byte[] bytes, int length) {
    for (int i = length; i > 0; i--) {
      if (bytes[i - 1] == '\n' || bytes[i - 1] == ' ') {
        return i;
      }
    }
    int end = length - 1;
    while (end > length - 4 && end > 1 && (bytes[end] & 0xC0) == 0x80) {
      end--;
    }
    return end;
  }

  private static long lines(byte[] bytes, int length) {
    long lines = 0;
    for (int i = 0; i < length; i++) {
      lines += bytes[i] == '\n' ? 1 : 0;
    }
    return lines;
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
  }
}
