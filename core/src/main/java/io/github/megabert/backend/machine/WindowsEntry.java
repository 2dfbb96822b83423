// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

/**
 * What stands in front of a kernel on Windows. Kernels expect the arguments of {@link NativeCall}
 * where other systems on x86-64 have them, six in registers and eight on the stack. Windows passes
 * four in registers and the rest on the stack, and a function must leave RDI, RSI and the lower
 * halves of the vector registers 6 to 15 as they were (Microsoft's "x64 calling convention").
 */
final class WindowsEntry {
  private static final int FIRST_VECTOR = 6;
  private static final int LAST_VECTOR = 15;
  private static final int VECTOR_BYTES = 16;

  /** All vectors that are saved, and eight bytes that keep the stack in units of sixteen. */
  private static final int SAVED = (LAST_VECTOR - FIRST_VECTOR + 1) * VECTOR_BYTES + 8;

  /** What is pushed before them: RDI and RSI. */
  private static final int PUSHED = 16;

  private static final int WORD = Long.BYTES;

  /** Arguments that a kernel expects on the stack, 7 to 14. */
  private static final int STACKED = 8;

  private static final int FIRST_STACKED = 7;

  /**
   * Where the fifth argument is when Windows calls: behind the return address and room for the four
   * that are in registers.
   */
  private static final int FIFTH = 5 * WORD;

  private WindowsEntry() {}

  /** The kernel's own code follows it. */
  static Assembler code() {
    Assembler to = new Assembler();
    to.push(Register.RDI);
    to.push(Register.RSI);
    to.sub(Register.RSP, SAVED);
    for (int i = FIRST_VECTOR; i <= LAST_VECTOR; i++) {
      to.vmovups(place(i), new Vector(i, 128));
    }
    for (int i = STACKED - 1; i >= 0; i--) {
      int pushed = (STACKED - 1 - i) * WORD;
      to.mov(Register.RAX, argument(FIRST_STACKED + i, pushed));
      to.push(Register.RAX);
    }
    to.mov(NativeCall.A, Register.RCX);
    to.mov(NativeCall.B, Register.RDX);
    to.mov(NativeCall.C, Register.R8);
    to.mov(NativeCall.DEPTH, Register.R9);
    to.mov(NativeCall.COUNT, argument(5, STACKED * WORD));
    to.mov(NativeCall.AHEAD, argument(6, STACKED * WORD));
    Label kernel = new Label(".Lkernel");
    to.call(kernel);
    to.add(Register.RSP, STACKED * WORD);
    for (int i = FIRST_VECTOR; i <= LAST_VECTOR; i++) {
      to.vmovups(new Vector(i, 128), place(i));
    }
    to.add(Register.RSP, SAVED);
    to.pop(Register.RSI);
    to.pop(Register.RDI);
    to.ret();
    to.bind(kernel);
    return to;
  }

  private static Address place(int vector) {
    return Address.of(Register.RSP, (vector - FIRST_VECTOR) * VECTOR_BYTES);
  }

  /** The fifth argument or a later one, with so many bytes pushed below what is saved. */
  private static Address argument(int number, int pushed) {
    return Address.of(Register.RSP, pushed + SAVED + PUSHED + FIFTH + (number - 5) * WORD);
  }
}
