// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes UTF-8 text in which control characters are visible: what a file holds cannot move the
 * cursor, recolour the screen or rewrite a line of somebody's terminal.
 *
 * <p>Every control character but tab and line end becomes {@code \}{@code u001b} and the like,
 * which in JSON is the same character; so do the invisible ones that turn the direction of text
 * (U+202A … U+202E, U+2066 … U+2069). A carriage return stays before a line feed.
 */
public final class EscapedOutput extends OutputStream {
  private static final int ESCAPE_BYTES = 6;

  private final OutputStream out;

  /** Bytes of a character that may have to be escaped, as far as it has come. */
  private final byte[] begun = new byte[3];

  private int begunCount;

  /** Output of one call. */
  private byte[] buffer = new byte[64];

  private int count;

  public EscapedOutput(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int most = (length + begun.length) * ESCAPE_BYTES;
    if (begunCount == 0 && isHarmless(bytes, offset, length)) {
      out.write(bytes, offset, length);
      return;
    }
    if (buffer.length < most) {
      buffer = new byte[most];
    }
    count = 0;
    for (int i = offset; i < offset + length; i++) {
      add(bytes[i]);
    }
    out.write(buffer, 0, count);
  }

  /** Whether no byte is, or begins, what may have to be escaped. */
  private static boolean isHarmless(byte[] bytes, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      if (mayBegin(bytes[i])) {
        return false;
      }
    }
    return true;
  }

  private static boolean mayBegin(byte value) {
    return (value >= 0 && value < ' ' && value != '\n' && value != '\t')
        || value == 0x7f
        || value == (byte) 0xc2
        || value == (byte) 0xe2;
  }

  private void add(byte value) {
    if (begunCount > 0) {
      goOn(value);
    } else if (value == '\r' || value == (byte) 0xc2 || value == (byte) 0xe2) {
      begun[begunCount++] = value;
    } else if (mayBegin(value)) {
      escape(value);
    } else {
      buffer[count++] = value;
    }
  }

  /** The second or third byte of what has begun. */
  private void goOn(byte value) {
    if (begun[0] == '\r') {
      begunCount = 0;
      if (value == '\n') {
        buffer[count++] = '\r';
        buffer[count++] = '\n';
      } else {
        escape('\r');
        add(value);
      }
      return;
    }
    boolean belongs = (value & 0xc0) == 0x80;
    if (!belongs) {
      giveBack();
      add(value);
      return;
    }
    begun[begunCount++] = value;
    if (begunCount < (begun[0] == (byte) 0xc2 ? 2 : 3)) {
      return;
    }
    int character =
        begunCount == 2 ? value & 0xff : 0x2000 | (begun[1] & 0x3f) << 6 | (value & 0x3f);
    if (isControl(character)) {
      begunCount = 0;
      escape(character);
    } else {
      giveBack();
    }
  }

  private static boolean isControl(int character) {
    return (character >= 0x80 && character < 0xa0)
        || (character >= 0x202a && character <= 0x202e)
        || (character >= 0x2066 && character <= 0x2069);
  }

  private void giveBack() {
    System.arraycopy(begun, 0, buffer, count, begunCount);
    count += begunCount;
    begunCount = 0;
  }

  private void escape(int character) {
    String digits = Integer.toHexString(0x10000 | character).substring(1);
    byte[] text = ("\\u" + digits).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, buffer, count, text.length);
    count += text.length;
  }

  @Override
  public void flush() throws IOException {
    out.flush();
  }

  /** Writes what has only begun, and closes. */
  @Override
  public void close() throws IOException {
    count = 0;
    giveBack();
    out.write(buffer, 0, count);
    out.close();
  }
}
