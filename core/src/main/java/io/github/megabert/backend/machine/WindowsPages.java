// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Pages by {@code VirtualAlloc} and {@code VirtualProtect}, as Microsoft documents them in
 * memoryapi.h; nobody has tried them.
 */
final class WindowsPages implements CodePages {
  private static final int MEM_COMMIT_RESERVE = 0x1000 | 0x2000;
  private static final int MEM_RELEASE = 0x8000;
  private static final int PAGE_READWRITE = 0x04;
  private static final int PAGE_EXECUTE_READ = 0x20;

  /** What GetCurrentProcess returns. */
  private static final long THIS_PROCESS = -1;

  private final MethodHandle allocate;
  private final MethodHandle protect;
  private final MethodHandle flush;
  private final MethodHandle free;

  @SuppressWarnings("restricted")
  private WindowsPages(Linker linker, SymbolLookup kernel) {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt number = ValueLayout.JAVA_INT;
    allocate =
        linker.downcallHandle(
            kernel.findOrThrow("VirtualAlloc"),
            FunctionDescriptor.of(word, word, word, number, number));
    protect =
        linker.downcallHandle(
            kernel.findOrThrow("VirtualProtect"),
            FunctionDescriptor.of(number, word, word, number, ValueLayout.ADDRESS));
    flush =
        linker.downcallHandle(
            kernel.findOrThrow("FlushInstructionCache"),
            FunctionDescriptor.of(number, word, word, word));
    free =
        linker.downcallHandle(
            kernel.findOrThrow("VirtualFree"), FunctionDescriptor.of(number, word, word, number));
  }

  @SuppressWarnings("restricted")
  static WindowsPages of(Linker linker) throws MachineCodeException {
    SymbolLookup kernel;
    try {
      kernel = SymbolLookup.libraryLookup("kernel32.dll", Arena.global());
    } catch (IllegalArgumentException missing) {
      throw new MachineCodeException("there is no kernel32.dll");
    }
    for (String name :
        List.of("VirtualAlloc", "VirtualProtect", "FlushInstructionCache", "VirtualFree")) {
      if (kernel.find(name).isEmpty()) {
        throw new MachineCodeException("kernel32.dll has no " + name);
      }
    }
    return new WindowsPages(linker, kernel);
  }

  @Override
  public long map(long bytes) throws MachineCodeException {
    long start;
    try {
      start = (long) allocate.invokeExact(0L, bytes, MEM_COMMIT_RESERVE, PAGE_READWRITE);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
    if (start == 0) {
      throw new MachineCodeException("the system has no memory for it");
    }
    return start;
  }

  @Override
  public boolean makeExecutable(long start, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment before = arena.allocate(ValueLayout.JAVA_INT);
      return (int) protect.invokeExact(start, bytes, PAGE_EXECUTE_READ, before) != 0
          && (int) flush.invokeExact(THIS_PROCESS, start, bytes) != 0;
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  /** All pages that {@link #map} gave: Windows frees them by their beginning. */
  @Override
  public void unmap(long start, long bytes) {
    try {
      int ignored = (int) free.invokeExact(start, 0L, MEM_RELEASE);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  @Override
  public byte[] entry() {
    return WindowsEntry.code().bytes();
  }
}
