// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The way into a kernel on Windows, tried elsewhere: a function that is called as this system calls
 * makes the call as Windows does. The kernel notes what it was given, and destroys whatever it may.
 */
class WindowsEntryTest {
  private static final int ARGUMENTS = 14;

  // Where the result's memory keeps what.
  private static final int VECTORS = 256;
  private static final int VECTORS_AFTER = 512;
  private static final int REGISTERS_AFTER = 768;
  private static final int BYTES = 1024;

  /** Registers 6 to 15. */
  private static final int SAVED_VECTORS = 10;

  @Test
  void argumentsArriveAndRegistersStay() throws Exception {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    assumeTrue(
        !System.getProperty("os.name").startsWith("Windows"), "the caller is not of Windows");
    byte[] code = join(caller().bytes(), WindowsEntry.code().bytes(), kernel().bytes());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment function = CodeMemory.open().load(arena, List.of(code)).getFirst();
      MemorySegment a = arena.allocate(16);
      MemorySegment b = arena.allocate(16);
      MemorySegment ahead = arena.allocate(16);
      MemorySegment c = arena.allocate(BYTES, 64);
      for (int i = 0; i < SAVED_VECTORS * 4; i++) {
        c.set(ValueLayout.JAVA_INT, VECTORS + 4L * i, 1000 + i);
      }
      NativeCall.call(function, a, b, c, 41, 42, ahead, 43, 44, 45, 46, 47, 48, 49, 50);
      int[] given = new int[ARGUMENTS];
      MemorySegment.copy(c, ValueLayout.JAVA_INT, 0, given, 0, ARGUMENTS);
      int[] expected = {
        (int) a.address(),
        (int) b.address(),
        (int) c.address(),
        41,
        42,
        (int) ahead.address(),
        43,
        44,
        45,
        46,
        47,
        48,
        49,
        50
      };
      assertArrayEquals(expected, given);
      for (int i = 0; i < SAVED_VECTORS * 4; i++) {
        assertEquals(1000 + i, c.get(ValueLayout.JAVA_INT, VECTORS_AFTER + 4L * i), "vector " + i);
      }
      assertEquals((int) a.address(), c.get(ValueLayout.JAVA_INT, REGISTERS_AFTER), "RDI");
      assertEquals((int) b.address(), c.get(ValueLayout.JAVA_INT, REGISTERS_AFTER + 4), "RSI");
    }
  }

  /** Calls what follows as Windows does, and stores what it must have left as it was. */
  private static Assembler caller() {
    Assembler to = new Assembler();
    to.push(Register.RBX);
    to.mov(Register.RBX, NativeCall.C);
    for (int i = 0; i < SAVED_VECTORS; i++) {
      to.vmovups(new Vector(6 + i, 128), Address.of(Register.RBX, VECTORS + 16 * i));
    }
    for (int i = 7; i >= 0; i--) {
      to.mov(Register.RAX, Address.of(Register.RSP, 16 + 8 * i + 8 * (7 - i)));
      to.push(Register.RAX);
    }
    to.push(Register.R9);
    to.push(Register.R8);
    to.sub(Register.RSP, 32);
    to.mov(Register.R9, Register.RCX);
    to.mov(Register.R8, Register.RDX);
    to.mov(Register.RDX, Register.RSI);
    to.mov(Register.RCX, Register.RDI);
    Label entry = new Label(".Lentry");
    to.call(entry);
    for (int i = 0; i < SAVED_VECTORS; i++) {
      to.vmovups(Address.of(Register.RBX, VECTORS_AFTER + 16 * i), new Vector(6 + i, 128));
    }
    to.store32(Address.of(Register.RBX, REGISTERS_AFTER), Register.RDI);
    to.store32(Address.of(Register.RBX, REGISTERS_AFTER + 4), Register.RSI);
    to.add(Register.RSP, 32 + 10 * 8);
    to.pop(Register.RBX);
    to.ret();
    to.bind(entry);
    return to;
  }

  private static Assembler kernel() {
    Assembler to = new Assembler();
    Register[] registers = {
      NativeCall.A, NativeCall.B, NativeCall.C, NativeCall.DEPTH, NativeCall.COUNT, NativeCall.AHEAD
    };
    for (int i = 0; i < registers.length; i++) {
      to.store32(Address.of(NativeCall.C, 4 * i), registers[i]);
    }
    for (int i = 0; i < 8; i++) {
      to.mov(Register.RAX, Address.of(Register.RSP, NativeCall.STEP + 8 * i));
      to.store32(Address.of(NativeCall.C, 4 * (registers.length + i)), Register.RAX);
    }
    for (int i = 0; i < 16; i++) {
      to.vclear(new Vector(i, 256));
    }
    for (Register register : registers) {
      to.clear(register);
    }
    to.vzeroupper();
    to.ret();
    return to;
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }
}
