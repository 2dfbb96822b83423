// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Pages by {@code mmap} and {@code mprotect}, on Linux and on macOS; nobody has tried the latter.
 */
final class PosixPages implements CodePages {
  // The same in Linux's asm-generic/mman-common.h and in macOS's sys/mman.h.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int PROT_READ_EXECUTE = 1 | 4;
  private static final int MAP_PRIVATE = 0x02;

  /** MAP_ANONYMOUS of Linux. */
  private static final int LINUX_ANONYMOUS = 0x20;

  /** MAP_ANON and MAP_JIT of macOS: a hardened process may make no other memory executable. */
  private static final int MAC_ANONYMOUS = 0x1000 | 0x0800;

  private final int flags;
  private final MethodHandle map;
  private final MethodHandle protect;
  private final MethodHandle unmap;

  @SuppressWarnings("restricted")
  private PosixPages(Linker linker, int anonymous) throws MachineCodeException {
    SymbolLookup libc = linker.defaultLookup();
    for (String name : List.of("mmap", "mprotect", "munmap")) {
      if (libc.find(name).isEmpty()) {
        throw new MachineCodeException("the C library has no " + name);
      }
    }
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt number = ValueLayout.JAVA_INT;
    flags = MAP_PRIVATE | anonymous;
    map =
        linker.downcallHandle(
            libc.findOrThrow("mmap"),
            FunctionDescriptor.of(word, word, word, number, number, number, word));
    protect =
        linker.downcallHandle(
            libc.findOrThrow("mprotect"), FunctionDescriptor.of(number, word, word, number));
    unmap =
        linker.downcallHandle(
            libc.findOrThrow("munmap"), FunctionDescriptor.of(number, word, word));
  }

  static PosixPages ofLinux(Linker linker) throws MachineCodeException {
    return new PosixPages(linker, LINUX_ANONYMOUS);
  }

  static PosixPages ofMac(Linker linker) throws MachineCodeException {
    return new PosixPages(linker, MAC_ANONYMOUS);
  }

  @Override
  public long map(long bytes) throws MachineCodeException {
    long start;
    try {
      start = (long) map.invokeExact(0L, bytes, PROT_READ_WRITE, flags, -1, 0L);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
    if (start == -1) {
      throw new MachineCodeException("the system has no memory for it");
    }
    return start;
  }

  @Override
  public boolean makeExecutable(long start, long bytes) {
    try {
      return (int) protect.invokeExact(start, bytes, PROT_READ_EXECUTE) == 0;
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  @Override
  public void unmap(long start, long bytes) {
    try {
      int ignored = (int) unmap.invokeExact(start, bytes);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  /** Nothing: kernels are written for the calls of these systems. */
  @Override
  public byte[] entry() {
    return new byte[0];
  }
}
