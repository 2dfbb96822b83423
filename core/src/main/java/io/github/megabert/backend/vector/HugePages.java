package io.github.megabert.backend.vector;

import io.github.megabert.tensor.Tensor;
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
 * Large blocks of memory in pages of 2 MiB, on Linux, where the application allows native access
 * ({@code --enable-native-access}); elsewhere ordinary memory. Loading 1.3 GB of weights into them
 * took 3.4 to 4.3 s where pages of 4 KiB took 6.5, as each page costs an interruption when it is
 * first touched; products of many rows were 5 to 8 % faster alone, and no faster in the whole
 * model.
 */
final class HugePages {
  private static final long PAGE = 2L << 20;

  // From Linux's asm-generic/mman-common.h, the same on x86-64 and AArch64.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;

  /**
   * Bytes that are allocated in ordinary pages first. A small model gains nothing, and looking the
   * functions up takes some 30 of the 900 milliseconds in which a command answers.
   */
  private static final long ORDINARY = 64L << 20;

  private static final AtomicLong ALLOCATED = new AtomicLong();

  /** Loaded when it is first needed. */
  private static final class Holder {
    static final @Nullable HugePages INSTANCE = load();
  }

  private final MethodHandle map;
  private final MethodHandle unmap;
  private final MethodHandle advise;

  private HugePages(MethodHandle map, MethodHandle unmap, MethodHandle advise) {
    this.map = map;
    this.unmap = unmap;
    this.advise = advise;
  }

  /** Never asks for what would print a warning. */
  @SuppressWarnings("restricted")
  private static @Nullable HugePages load() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    if (!system.equals("linux")
        || ValueLayout.ADDRESS.byteSize() != Long.BYTES
        || !HugePages.class.getModule().isNativeAccessEnabled()) {
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
    return new HugePages(
        linker.downcallHandle(
            libc.findOrThrow("mmap"),
            FunctionDescriptor.of(word, word, word, number, number, number, word)),
        linker.downcallHandle(
            libc.findOrThrow("munmap"), FunctionDescriptor.of(number, word, word)),
        linker.downcallHandle(
            libc.findOrThrow("madvise"), FunctionDescriptor.of(number, word, word, number)));
  }

  /** Cleared memory that lives as long as the arena. */
  static MemorySegment allocate(Arena arena, long bytes) {
    if (ALLOCATED.addAndGet(bytes) > ORDINARY && bytes >= PAGE) {
      HugePages pages = Holder.INSTANCE;
      MemorySegment memory = pages == null ? null : pages.map(arena, bytes);
      if (memory != null) {
        return memory;
      }
    }
    return arena.allocate(Math.max(1, bytes), Tensor.ALIGNMENT);
  }

  @SuppressWarnings("restricted")
  private @Nullable MemorySegment map(Arena arena, long bytes) {
    long reserved = Math.addExact(bytes, PAGE);
    try {
      long start =
          (long) map.invokeExact(0L, reserved, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (start == -1) {
        return null;
      }
      long aligned = Math.ceilDiv(start, PAGE) * PAGE;
      // Fails where the kernel has no such pages; the memory serves all the same.
      int ignored = (int) advise.invokeExact(aligned, bytes, MADV_HUGEPAGE);
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

  /**
   * Lets the system take back the pages of a mapped file: what has been packed is not read again.
   * They come back from the file if it is.
   */
  static void release(MemorySegment memory) {
    // Of memory that is not a file, or that somebody may have written to, this would lose numbers.
    if (ALLOCATED.get() <= ORDINARY || !memory.isMapped() || !memory.isReadOnly()) {
      return;
    }
    HugePages pages = Holder.INSTANCE;
    if (pages == null) {
      return;
    }
    long page = 1 << 16;
    long start = Math.ceilDiv(memory.address(), page) * page;
    long end = (memory.address() + memory.byteSize()) / page * page;
    if (start >= end) {
      return;
    }
    try {
      int ignored = (int) pages.advise.invokeExact(start, end - start, MADV_DONTNEED);
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
