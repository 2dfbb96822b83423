// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

/**
 * Reads the arguments of a pickle's opcodes; every step is checked against the end of its bytes.
 */
final class PickleInput {
  private static final int LARGEST_INTEGER = 1024;
  private static final int LONGEST_LINE = 1 << 16;

  /** All texts and byte strings of a pickle together; a large model's names need a megabyte. */
  private static final long MOST_TEXT = 48L << 20;

  private static final int WINDOW = 1 << 16;

  private final MemorySegment bytes;
  private final String source;
  private long position;

  /**
   * A copy of some of the bytes. What is read one number at a time is read here: the file may be
   * mapped ({@link io.github.megabert.tensor.MappedMemory}).
   */
  private final MemorySegment window;

  private long windowStart;
  private long windowEnd;
  private long textTaken;

  PickleInput(MemorySegment bytes, String source) {
    this.bytes = bytes;
    this.source = source;
    window = MemorySegment.ofArray(new byte[(int) Math.min(WINDOW, bytes.byteSize())]);
  }

  long position() {
    return position;
  }

  /** A refusal that says where. */
  CheckpointException refused(String what) {
    return new CheckpointException(source + ": at byte " + position + " of its pickle, " + what);
  }

  int unsignedByte() throws CheckpointException {
    return window.get(LittleEndian.BYTE, take(1)) & 0xff;
  }

  int unsignedShort() throws CheckpointException {
    return Short.toUnsignedInt(window.get(LittleEndian.SHORT, take(2)));
  }

  int signedInt() throws CheckpointException {
    return window.get(LittleEndian.INT, take(4));
  }

  long unsignedInt() throws CheckpointException {
    return Integer.toUnsignedLong(signedInt());
  }

  long signedLong() throws CheckpointException {
    return window.get(LittleEndian.LONG, take(8));
  }

  /** Moves on by a few bytes; where they are in the window. */
  private long take(int count) throws CheckpointException {
    require(count);
    long at = inWindow(position, count);
    position += count;
    return at;
  }

  /** Where bytes of the file are in the window, which is moved to them if they are not there. */
  private long inWindow(long from, int count) {
    if (from < windowStart || from + count > windowEnd) {
      windowStart = from;
      windowEnd = from + Math.min(window.byteSize(), bytes.byteSize() - from);
      MemorySegment.copy(bytes, from, window, 0, windowEnd - from);
    }
    return from - windowStart;
  }

  double bigEndianDouble() throws CheckpointException {
    return Double.longBitsToDouble(Long.reverseBytes(signedLong()));
  }

  /** The next bytes, copied. */
  byte[] bytes(long count) throws CheckpointException {
    require(count);
    textTaken += count;
    if (textTaken > MOST_TEXT) {
      throw refused("its texts have more than " + MOST_TEXT + " bytes");
    }
    byte[] taken = new byte[(int) count];
    MemorySegment.copy(bytes, LittleEndian.BYTE, position, taken, 0, taken.length);
    position += count;
    return taken;
  }

  String text(long count) throws CheckpointException {
    return new String(bytes(count), StandardCharsets.UTF_8);
  }

  /** The bytes up to the next line feed, as the text opcodes have their arguments. */
  String line() throws CheckpointException {
    for (long end = position; end < bytes.byteSize() && end - position <= LONGEST_LINE; end++) {
      if (window.get(LittleEndian.BYTE, inWindow(end, 1)) == '\n') {
        String line = new String(bytes(end - position), StandardCharsets.ISO_8859_1);
        position++;
        return line;
      }
    }
    throw refused("a line does not end within " + LONGEST_LINE + " bytes");
  }

  /** The next bytes, not copied. */
  MemorySegment skip(long count) throws CheckpointException {
    require(count);
    position += count;
    return bytes.asSlice(position - count, count);
  }

  private void require(long count) throws CheckpointException {
    long left = bytes.byteSize() - position;
    if (count < 0 || count > left) {
      throw refused(
          Long.toUnsignedString(count)
              + " bytes were expected and "
              + left
              + " are left; is the file complete?");
    }
  }

  /** A two's-complement integer of {@code byteCount} bytes: a {@link Long} where it fits. */
  Object integer(long byteCount) throws CheckpointException {
    if (byteCount > LARGEST_INTEGER) {
      throw refused("an integer has " + byteCount + " bytes");
    }
    byte[] little = bytes(byteCount);
    byte[] big = new byte[little.length + 1];
    for (int i = 0; i < little.length; i++) {
      big[big.length - 1 - i] = little[i];
    }
    big[0] = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    return narrow(new BigInteger(big));
  }

  private static Object narrow(BigInteger value) {
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  /** A number in a line of text, or {@code 00} and {@code 01} for the truth values. */
  Object integerLine() throws CheckpointException {
    String line = line();
    if (line.equals("00") || line.equals("01")) {
      return line.equals("01");
    }
    String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
    if (digits.length() > LARGEST_INTEGER) {
      throw refused("an integer has " + digits.length() + " digits");
    }
    try {
      return narrow(new BigInteger(digits));
    } catch (NumberFormatException e) {
      throw refused("an integer is not a number");
    }
  }

  double doubleLine() throws CheckpointException {
    try {
      return Double.parseDouble(line());
    } catch (NumberFormatException e) {
      throw refused("a number is not a number");
    }
  }

  long memoKeyLine() throws CheckpointException {
    try {
      return Long.parseLong(line());
    } catch (NumberFormatException e) {
      throw refused("a memo index is not a number");
    }
  }

  /** Python 2's byte strings, as text. */
  String latin(long count) throws CheckpointException {
    return new String(bytes(count), StandardCharsets.ISO_8859_1);
  }

  /** A byte string of protocol 0; PyTorch's names need no escapes. */
  String quotedLine() throws CheckpointException {
    String line = line();
    if (line.length() < 2
        || line.charAt(0) != line.charAt(line.length() - 1)
        || line.contains("\\")) {
      throw refused("a text of protocol 0 has no quotes, or escapes, which are not read");
    }
    return line.substring(1, line.length() - 1);
  }

  /** A text of protocol 0: Latin-1, and escapes of four or eight hex digits for the rest. */
  String escapedLine() throws CheckpointException {
    String line = line();
    StringBuilder text = new StringBuilder(line.length());
    for (int i = 0; i < line.length(); i++) {
      int digits = line.startsWith("\\u", i) ? 4 : line.startsWith("\\U", i) ? 8 : 0;
      if (digits == 0) {
        text.append(line.charAt(i));
        continue;
      }
      try {
        text.appendCodePoint(Integer.parseUnsignedInt(line, i + 2, i + 2 + digits, 16));
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw refused("a text has an escape that is none");
      }
      i += 1 + digits;
    }
    return text.toString();
  }
}
