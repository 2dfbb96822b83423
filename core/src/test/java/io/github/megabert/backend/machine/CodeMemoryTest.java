// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodeMemoryTest {
  private static CodeMemory memory() throws MachineCodeException {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    return CodeMemory.open();
  }

  /** The kernel's own word on a page: what may be done with it. */
  private static String rights(long address) throws IOException {
    try (BufferedReader maps = Files.newBufferedReader(Path.of("/proc/self/maps"))) {
      for (String line = maps.readLine(); line != null; line = maps.readLine()) {
        String[] parts = line.split(" ", 3);
        String[] range = parts[0].split("-", 2);
        boolean isHere =
            Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
        if (isHere) {
          return parts[1];
        }
      }
    }
    return "";
  }

  /** A function that stores its count where its result goes. */
  private static byte[] storeCount() {
    Assembler to = new Assembler();
    to.store32(Address.of(NativeCall.C), NativeCall.COUNT);
    to.ret();
    return to.bytes();
  }

  @Test
  void codeIsExecutableAndNotWritable() throws Exception {
    CodeMemory memory = memory();
    assumeTrue(
        System.getProperty("os.name").equals("Linux"), "what a page allows is read in /proc");
    long address;
    try (Arena arena = Arena.ofShared()) {
      List<MemorySegment> code = memory.load(arena, List.of(storeCount(), storeCount()));
      address = code.get(1).address();
      assertEquals("r-xp", rights(address));
      assertTrue(code.get(1).isReadOnly());
      int[] out = new int[1];
      MemorySegment none = MemorySegment.NULL;
      NativeCall.call(
          code.get(1), none, none, MemorySegment.ofArray(out), 0, 42, none, 0, 0, 0, 0, 0);
      assertEquals(42, out[0]);
    }
    assertFalse(rights(address).contains("x"), "freed code is no longer executable");
  }

  @Test
  void codeThatWasFreedIsNotCalled() throws Exception {
    CodeMemory memory = memory();
    MemorySegment code;
    try (Arena arena = Arena.ofShared()) {
      code = memory.load(arena, List.of(storeCount())).getFirst();
    }
    MemorySegment none = MemorySegment.NULL;
    MemorySegment out = MemorySegment.ofArray(new int[1]);
    assertThrows(
        IllegalStateException.class,
        () -> NativeCall.call(code, none, none, out, 0, 42, none, 0, 0, 0, 0, 0));
  }

  @Test
  void memoryThatWasFreedIsNotTouched() throws Exception {
    CodeMemory memory = memory();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment code = memory.load(arena, List.of(storeCount())).getFirst();
      MemorySegment out;
      try (Arena other = Arena.ofShared()) {
        out = other.allocate(ValueLayout.JAVA_INT);
      }
      MemorySegment none = MemorySegment.NULL;
      assertThrows(
          IllegalStateException.class,
          () -> NativeCall.call(code, none, none, out, 0, 42, none, 0, 0, 0, 0, 0));
    }
  }
}
