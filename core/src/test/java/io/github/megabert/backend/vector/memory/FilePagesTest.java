// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of the operating system changes no number. */
class FilePagesTest {
  private static final long LARGE = 65L << 20;

  @TempDir Path folder;

  private byte[] numbers = {};
  private Path file = Path.of("");

  @BeforeEach
  void write() throws IOException {
    LinuxMemory.count(LARGE);
    numbers = new byte[3_000_001];
    new Random(1).nextBytes(numbers);
    file = Files.write(folder.resolve("weights"), numbers);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void linuxIsAtHandWhereNativeAccessIsAllowed() {
    boolean isAllowed = LinuxMemory.class.getModule().isNativeAccessEnabled();
    assertEquals(isAllowed, LinuxMemory.get() != null);
  }

  @Test
  void aMappedFileKeepsItsNumbers() throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      // Whole pages, a part that begins and ends within one, and less than one.
      for (MemorySegment part :
          new MemorySegment[] {all, all.asSlice(70_001, 2_000_000), all.asSlice(5, 100)}) {
        FilePages.fetch(part);
        FilePages.release(part);
        assertArrayEquals(numbers, all.toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  /** What was written to a private mapping is in no file, so it must not be given back. */
  @Test
  void writtenMemoryStays() throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment copy = channel.map(FileChannel.MapMode.PRIVATE, 0, channel.size(), arena);
      copy.fill((byte) 7);
      FilePages.fetch(copy);
      FilePages.release(copy);
      assertEquals(7, copy.get(ValueLayout.JAVA_BYTE, 2_000_000));
    }
  }

  @Test
  void hugePagesAreClearedAndAligned() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = HugePages.allocate(arena, (4L << 20) + 12);
      assertEquals((4L << 20) + 12, memory.byteSize());
      assertEquals(0, memory.address() % 64);
      MemorySegment zeros = arena.allocate(memory.byteSize());
      assertEquals(-1, memory.mismatch(zeros));
    }
  }
}
