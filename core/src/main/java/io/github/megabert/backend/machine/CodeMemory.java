// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Memory for code: it is written, and from then on executable and no longer writable. It is never
 * both, which hardened systems forbid.
 */
final class CodeMemory {
  // From Linux's asm/unistd_64.h and asm/prctl.h, and the number of AMX's registers in XCR0.
  private static final long ARCH_PRCTL = 158;
  private static final long ARCH_REQ_XCOMP_PERM = 0x1023;
  private static final long XTILE_DATA = 18;

  private static final int ALIGNMENT = 64;

  private final CodePages pages;
  private final byte[] entry;

  private CodeMemory(CodePages pages) {
    this.pages = pages;
    entry = pages.entry();
  }

  /**
   * The system's functions. Never asks for what would print a warning.
   *
   * @throws MachineCodeException if this is another system or processor than those that are served,
   *     or native access is not allowed
   */
  static CodeMemory open() throws MachineCodeException {
    if (!CodePages.isServed()) {
      throw new MachineCodeException("it is made for x86-64 alone, on Linux, macOS and Windows");
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
    return new CodeMemory(CodePages.of(linker));
  }

  /** Bytes in front of each function, for the system's own calls. */
  long entryBytes() {
    return entry.length;
  }

  /**
   * Code that lives as long as the arena.
   *
   * @return where each function begins
   * @throws MachineCodeException if the system does not make memory executable
   */
  @SuppressWarnings("restricted")
  List<MemorySegment> load(Arena arena, List<byte[]> functions) throws MachineCodeException {
    int before = entry.length;
    long[] at = new long[functions.size() + 1];
    for (int i = 0; i < functions.size(); i++) {
      long end = at[i] + before + functions.get(i).length;
      at[i + 1] = Math.ceilDiv(end, ALIGNMENT) * (long) ALIGNMENT;
    }
    long bytes = at[functions.size()];
    long start = pages.map(bytes);
    MemorySegment memory = MemorySegment.ofAddress(start).reinterpret(bytes);
    for (int i = 0; i < functions.size(); i++) {
      byte[] function = functions.get(i);
      MemorySegment.copy(entry, 0, memory, ValueLayout.JAVA_BYTE, at[i], before);
      MemorySegment.copy(
          function, 0, memory, ValueLayout.JAVA_BYTE, at[i] + before, function.length);
    }
    if (!pages.makeExecutable(start, bytes)) {
      pages.unmap(start, bytes);
      throw new MachineCodeException("the system lets no memory become executable");
    }
    MemorySegment code =
        MemorySegment.ofAddress(start)
            .reinterpret(bytes, arena, freed -> pages.unmap(start, bytes))
            .asReadOnly();
    return IntStream.range(0, functions.size())
        .mapToObj(i -> code.asSlice(at[i], before + functions.get(i).length))
        .toList();
  }

  /**
   * Asks Linux to save AMX's registers for this process, which it does only for those that ask; see
   * its "Using XSTATE features in user space applications".
   *
   * @return whether it does; not on other systems, where nothing is asked
   */
  @SuppressWarnings("restricted")
  static boolean allowAmx() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return false;
    }
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
}
