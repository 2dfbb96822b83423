package io.github.megabert.checkpoint.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes whole buffers and segments of any size to a place in a file. */
public final class ChannelBytes {
  /** Large enough to keep a disk busy, small enough for a {@link ByteBuffer}. */
  private static final long STEP = 16L << 20;

  private ChannelBytes() {}

  public static void write(FileChannel channel, MemorySegment bytes, long position)
      throws IOException {
    for (long from = 0; from < bytes.byteSize(); from += STEP) {
      long count = Math.min(STEP, bytes.byteSize() - from);
      write(channel, buffer(bytes.asSlice(from, count)), position + from);
    }
  }

  /** A view of the bytes; a copy where they lie in an array of another type, which has no view. */
  private static ByteBuffer buffer(MemorySegment bytes) {
    return bytes.isNative()
        ? bytes.asByteBuffer()
        : ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE));
  }

  public static void write(FileChannel channel, ByteBuffer bytes, long position)
      throws IOException {
    long to = position;
    while (bytes.hasRemaining()) {
      to += channel.write(bytes, to);
    }
  }
}
