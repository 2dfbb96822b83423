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
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Memory for code: it is written, and from then on executable and no longer writable. It is never
 * both, which hardened systems forbid.
 */
final class CodeMemory {
  // From Linux's asm-generic/mman-common.h.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int PROT_READ_EXECUTE = 1 | 4;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;

  // From Linux's asm/unistd_64.h and asm/prctl.h, and the number of AMX's registers in XCR0.
  private static final long ARCH_PRCTL = 158;
  private static final long ARCH_REQ_XCOMP_PERM = 0x1023;
  private static final long XTILE_DATA = 18;

  private static final int ALIGNMENT = 64;

  private final MethodHandle map;
  private final MethodHandle protect;
  private final MethodHandle unmap;

  private CodeMemory(MethodHandle map, MethodHandle protect, MethodHandle unmap) {
    this.map = map;
    this.protect = protect;
    this.unmap = unmap;
  }

  /**
   * The system's functions. Never asks for what would print a warning.
   *
   * @throws MachineCodeException if this is no Linux on x86-64, or native access is not allowed
   */
  @SuppressWarnings("restricted")
  static CodeMemory open() throws MachineCodeException {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch", "");
    if (!system.equals("linux") || !processor.equals("amd64")) {
      throw new MachineCodeException("it is made for x86-64 on Linux alone");
    }
    Module module = CodeMemory.class.getModule();
    if (!module.isNativeAccessEnabled()) {
      throw new MachineCodeException(
          "start java with --enable-native-access="
              + (module.isNamed() ? module.getName() : "ALL-UNNAMED"));
    }
    Linker linker;
    try {
      linker = Linker.nativeLinker();
    } catch (UnsupportedOperationException unknown) {
      throw new MachineCodeException("this JVM calls no native code");
    }
    SymbolLookup libc = linker.defaultLookup();
    for (String name : List.of("mmap", "mprotect", "munmap")) {
      if (libc.find(name).isEmpty()) {
        throw new MachineCodeException("the C library has no " + name);
      }
    }
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    ValueLayout.OfInt number = ValueLayout.JAVA_INT;
    return new CodeMemory(
        linker.downcallHandle(
            libc.findOrThrow("mmap"),
            FunctionDescriptor.of(word, word, word, number, number, number, word)),
        linker.downcallHandle(
            libc.findOrThrow("mprotect"), FunctionDescriptor.of(number, word, word, number)),
        linker.downcallHandle(
            libc.findOrThrow("munmap"), FunctionDescriptor.of(number, word, word)));
  }

  /**
   * Code that lives as long as the arena.
   *
   * @return where each function begins
   * @throws MachineCodeException if the system does not make memory executable
   */
  @SuppressWarnings("restricted")
  List<MemorySegment> load(Arena arena, List<byte[]> functions) throws MachineCodeException {
    long[] at = new long[functions.size() + 1];
    for (int i = 0; i < functions.size(); i++) {
      at[i + 1] = Math.ceilDiv(at[i] + functions.get(i).length, ALIGNMENT) * (long) ALIGNMENT;
    }
    long bytes = at[functions.size()];
    long start = map(bytes);
    MemorySegment memory = MemorySegment.ofAddress(start).reinterpret(bytes);
    for (int i = 0; i < functions.size(); i++) {
      byte[] function = functions.get(i);
      MemorySegment.copy(function, 0, memory, ValueLayout.JAVA_BYTE, at[i], function.length);
    }
    if (!makeExecutable(start, bytes)) {
      unmap(start, bytes);
      throw new MachineCodeException("the system lets no memory become executable");
    }
    MemorySegment code =
        MemorySegment.ofAddress(start)
            .reinterpret(bytes, arena, freed -> unmap(start, bytes))
            .asReadOnly();
    return IntStream.range(0, functions.size())
        .mapToObj(i -> code.asSlice(at[i], functions.get(i).length))
        .toList();
  }

  /**
   * Asks Linux to save AMX's registers for this process, which it does only for those that ask; see
   * its "Using XSTATE features in user space applications".
   *
   * @return whether it does
   */
  @SuppressWarnings("restricted")
  static boolean allowAmx() {
    Linker linker = Linker.nativeLinker();
    MemorySegment function = linker.defaultLookup().find("syscall").orElse(null);
    if (function == null) {
      return false;
    }
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    MethodHandle call =
        linker.downcallHandle(
            function,
            FunctionDescriptor.of(word, word, word, word),
            Linker.Option.firstVariadicArg(1));
    try {
      return (long) call.invokeExact(ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XTILE_DATA) == 0;
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  private long map(long bytes) throws MachineCodeException {
    long start;
    try {
      start = (long) map.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
    if (start == -1) {
      throw new MachineCodeException("the system has no memory for it");
    }
    return start;
  }

  private boolean makeExecutable(long start, long bytes) {
    try {
      return (int) protect.invokeExact(start, bytes, PROT_READ_EXECUTE) == 0;
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }

  private void unmap(long start, long bytes) {
    try {
      int ignored = (int) unmap.invokeExact(start, bytes);
    } catch (Throwable t) {
      throw NativeCall.unexpected(t);
    }
  }
}
