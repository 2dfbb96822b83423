// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the C library offers for memory on Linux, where the application allows native access ({@code
 * --enable-native-access}). {@link HugePages} and {@link FilePages} do without it elsewhere.
 */
public final class LinuxMemory {
  /** Advice to take pages back. */
  static final int DONT_NEED = 4;

  /** Advice to use large pages. */
  static final int HUGE_PAGE = 14;

  /** Advice to make all pages present that are to be read, since Linux 5.14. */
  static final int POPULATE_READ = 22;

  // These and the advice are from Linux's asm-generic/mman-common.h, the same on x86-64 and
  // AArch64.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;

  /**
   * Bytes of weights for which it is not looked up. A small model gains nothing, and looking the
   * functions up takes some 30 of the 670 milliseconds in which a command answers.
   */
  private static final long SMALL = 64L << 20;

  private static final AtomicLong WEIGHTS = new AtomicLong();

  /** Loaded when it is first needed. */
  private static final class Holder {
    static final @Nullable LinuxMemory INSTANCE = load();
  }

  private final MethodHandle map;
  private final MethodHandle unmap;
  private final MethodHandle advise;

  private LinuxMemory(MethodHandle map, MethodHandle unmap, MethodHandle advise) {
    this.map = map;
    this.unmap = unmap;
    this.advise = advise;
  }

  /** The functions, once much memory has been {@linkplain #count counted}, where there are any. */
  static @Nullable LinuxMemory get() {
    return WEIGHTS.get() > SMALL ? Holder.INSTANCE : null;
  }

  /** Tells that a model has so many bytes of weights more. */
  static void count(long bytes) {
    WEIGHTS.addAndGet(bytes);
  }

  /** Never asks for what would print a warning. */
  @SuppressWarnings("restricted")
  private static @Nullable LinuxMemory load() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    if (!system.equals("linux")
        || ValueLayout.ADDRESS.byteSize() != Long.BYTES
        || !LinuxMemory.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    Linker linker;
    try {
      linker = Linker.nativeLinker();
    } catch (UnsupportedOperationException unknownProcessor) {
      return null;
    }
    SymbolLookup libc = linker.defaultLookup();
    if (!Stream.of("mmap", "munmap", "madvise").allMatch(name -> libc.find(name).isPresent())) {
      return null;
    }
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt number = ValueLayout.JAVA_INT;
    return new LinuxMemory(
        linker.downcallHandle(
            libc.findOrThrow("mmap"),
            FunctionDescriptor.of(word, word, word, number, number, number, word)),
        linker.downcallHandle(
            libc.findOrThrow("munmap"), FunctionDescriptor.of(number, word, word)),
        linker.downcallHandle(
            libc.findOrThrow("madvise"), FunctionDescriptor.of(number, word, word, number)));
  }

  /**
   * New, cleared memory that lives as long as the arena and begins at a multiple of {@code
   * alignment} bytes; null where there is none.
   */
  @SuppressWarnings("restricted")
  @Nullable MemorySegment map(Arena arena, long bytes, long alignment) {
    long reserved = Math.addExact(bytes, alignment);
    try {
      long start =
          (long) map.invokeExact(0L, reserved, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (start == -1) {
        return null;
      }
      long aligned = Math.ceilDiv(start, alignment) * alignment;
      return MemorySegment.ofAddress(aligned)
          .reinterpret(bytes, arena, memory -> unmap(start, reserved));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private void unmap(long start, long bytes) {
    try {
      int ignored = (int) unmap.invokeExact(start, bytes);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Advises on memory from a page's beginning on; nothing happens where Linux cannot follow. */
  void advise(long address, long bytes, int advice) {
    try {
      int ignored = (int) advise.invokeExact(address, bytes, advice);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The functions throw nothing; what a call can still throw is an error of the JVM's. */
  private static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a function of the C library could not be called", thrown);
  }
}
