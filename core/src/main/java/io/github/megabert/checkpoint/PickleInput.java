package io.github.megabert.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** A cursor over a pickle's bytes; every step is checked against their end. */
final class PickleInput {
  private static final int LONGEST_LINE = 4096;

  /** All texts and byte strings of a pickle together; a large model's names need a megabyte. */
  private static final long MOST_TEXT = 48L << 20;

  private final MemorySegment bytes;
  private final String source;
  private long position;
  private long textTaken;

  PickleInput(MemorySegment bytes, String source) {
    this.bytes = bytes;
    this.source = source;
  }

  long position() {
    return position;
  }

  /** A refusal that says where. */
  CheckpointException refused(String what) {
    return new CheckpointException(source + ": at byte " + position + " of its pickle, " + what);
  }

  int unsignedByte() throws CheckpointException {
    require(1);
    return bytes.get(LittleEndian.BYTE, position++) & 0xff;
  }

  int unsignedShort() throws CheckpointException {
    require(2);
    position += 2;
    return Short.toUnsignedInt(bytes.get(LittleEndian.SHORT, position - 2));
  }

  int signedInt() throws CheckpointException {
    require(4);
    position += 4;
    return bytes.get(LittleEndian.INT, position - 4);
  }

  long unsignedInt() throws CheckpointException {
    return Integer.toUnsignedLong(signedInt());
  }

  long signedLong() throws CheckpointException {
    require(8);
    position += 8;
    return bytes.get(LittleEndian.LONG, position - 8);
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
      if (bytes.get(LittleEndian.BYTE, end) == '\n') {
        String line = text(end - position);
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
}
