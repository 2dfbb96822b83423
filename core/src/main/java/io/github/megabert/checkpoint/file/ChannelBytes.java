// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import io.github.megabert.tensor.MappedMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.Checksum;
import org.jspecify.annotations.Nullable;

/**
 * Writes whole buffers and segments of any size to a place in a file.
 *
 * <p>A segment's bytes are copied piece by piece before the system gets them: it may be a mapped
 * file ({@link MappedMemory}), and its arena can be closed meanwhile, which a write under way would
 * refuse.
 */
public final class ChannelBytes {
  /** Small enough to be in a cache still when it is written. */
  private static final long STEP = 1 << 20;

  private ChannelBytes() {}

  public static void write(FileChannel channel, MemorySegment bytes, long position)
      throws IOException {
    write(channel, bytes, position, null);
  }

  /** As {@link #write(FileChannel, MemorySegment, long)}, with a checksum of what is written. */
  public static void write(
      FileChannel channel, MemorySegment bytes, long position, @Nullable Checksum checksum)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(Math.max(1, Math.min(STEP, bytes.byteSize())));
      for (long from = 0; from < bytes.byteSize(); from += STEP) {
        long count = Math.min(STEP, bytes.byteSize() - from);
        MemorySegment.copy(bytes, from, copy, 0, count);
        MappedMemory.settle();
        ByteBuffer piece = copy.asSlice(0, count).asByteBuffer();
        if (checksum != null) {
          checksum.update(piece.duplicate());
        }
        write(channel, piece, position + from);
      }
    }
  }

  public static void write(FileChannel channel, ByteBuffer bytes, long position)
      throws IOException {
    long to = position;
    while (bytes.hasRemaining()) {
      to += channel.write(bytes, to);
    }
  }
}
