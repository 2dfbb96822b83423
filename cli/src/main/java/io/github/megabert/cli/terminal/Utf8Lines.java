// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Lines of UTF-8, each decoded by itself, so that one which is not UTF-8 is told and costs the
 * others nothing. Java's readers put U+FFFD in its place, which tokenizers drop.
 */
public final class Utf8Lines {
  private final InputStream in;

  /** A line has ended with CR: an LF that follows belongs to that end. */
  private boolean afterReturn;

  public Utf8Lines(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 16);
  }

  /**
   * A line.
   *
   * @param text without the line's end; null where it is not UTF-8
   * @param fault what is wrong with the line; null where nothing is
   */
  public record Line(@Nullable String text, @Nullable String fault) {}

  /** The next line, which LF, CR or both end; null after the last. */
  public @Nullable Line next() throws IOException {
    int next = in.read();
    if (next == '\n' && afterReturn) {
      next = in.read();
    }
    if (next < 0) {
      return null;
    }
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (next >= 0 && next != '\n' && next != '\r') {
      line.write(next);
      next = in.read();
    }
    afterReturn = next == '\r';
    return decode(line.toByteArray());
  }

  private static Line decode(byte[] bytes) {
    try {
      return new Line(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString(), null);
    } catch (CharacterCodingException e) {
      return new Line(null, firstFault(bytes));
    }
  }

  /** Where bytes stop being UTF-8, such as "byte 5 is 0xE9". */
  public static String firstFault(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CoderResult result = decoder.decode(in, CharBuffer.allocate(bytes.length), true);
    if (!result.isError()) {
      throw new IllegalArgumentException("these bytes are UTF-8");
    }
    return String.format(Locale.ROOT, "byte %d is 0x%02X", in.position() + 1, bytes[in.position()]);
  }
}
