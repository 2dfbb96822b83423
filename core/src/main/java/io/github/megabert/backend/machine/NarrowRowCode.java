// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.VectorInstruction.VADDSS;
import static io.github.megabert.backend.machine.VectorInstruction.VANDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTDQ2PS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTPS2DQ;
import static io.github.megabert.backend.machine.VectorInstruction.VDIVSS;
import static io.github.megabert.backend.machine.VectorInstruction.VMAXPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMAXSS;
import static io.github.megabert.backend.machine.VectorInstruction.VMINPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS_TO;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULSS;
import static io.github.megabert.backend.machine.VectorInstruction.VPACKUSDW;
import static io.github.megabert.backend.machine.VectorInstruction.VPACKUSWB;
import static io.github.megabert.backend.machine.VectorInstruction.VPADDD;
import static io.github.megabert.backend.machine.VectorInstruction.VPMAXUD;
import static io.github.megabert.backend.machine.VectorInstruction.VPSUBD;
import static io.github.megabert.backend.machine.VectorInstruction.VSUBSS;

/** Writes the kernels that round rows of float32, of whole vectors, for the narrow tiles. */
final class NarrowRowCode {
  private static final Register ROWS = NativeCall.A;
  private static final Register C = NativeCall.C;
  private static final Register COLUMNS = NativeCall.DEPTH;
  private static final Register COUNT = NativeCall.COUNT;
  private static final Register CONSTANTS = NativeCall.AHEAD;
  private static final Register K = Register.RAX;
  private static final Register END = Register.R10;
  private static final Register SCALES = Register.R11;

  private static final Register START = NativeCall.B;

  // Registers of a group: its extremes, and the bits of the largest without its sign.
  private static final int LOWEST = 0;
  private static final int HIGHEST = 1;
  private static final int LARGEST = 2;

  /** What the second kernel computes with, as bits: of all but the sign, tiny, 255. */
  static final int[] CONSTANT_BITS = {
    0x7fffffff, Float.floatToRawIntBits(1e-30f), Float.floatToRawIntBits(255f)
  };

  private final Assembler to = new Assembler();
  private final int bits;
  private final int lanes;

  private NarrowRowCode(int bits) {
    this.bits = bits;
    lanes = bits / Float.SIZE;
  }

  private Vector wide(int number) {
    return new Vector(number, bits);
  }

  private static Vector narrow(int number) {
    return new Vector(number, 128);
  }

  private void enter() {
    to.add(ROWS, Address.of(Register.RSP, NativeCall.A_OFFSET));
    to.add(C, Address.of(Register.RSP, NativeCall.C_OFFSET));
  }

  private Assembler leave(Label row) {
    to.add(ROWS, Address.of(Register.RSP, NativeCall.STRIDE));
    to.add(C, Address.of(Register.RSP, NativeCall.C_STRIDE));
    to.dec(COUNT);
    to.jump(Assembler.Condition.NOT_EQUAL, row);
    to.vzeroupper();
    to.ret();
    return to;
  }

  /** To bfloat16, the nearest, ties to even; in vectors of 512 bits. */
  static Assembler bfloat16() {
    return new NarrowRowCode(512).pairs();
  }

  private Assembler pairs() {
    Label row = new Label(".Lrow");
    Label turn = new Label(".Lturn");
    enter();
    to.bind(row);
    to.clear(K);
    to.bind(turn);
    to.vmovups(wide(0), new Address(ROWS, K, Float.BYTES, 0));
    to.vcvtneps2bf16(new Vector(0, 256), wide(0));
    to.vmovups(new Address(C, K, Short.BYTES, 0), new Vector(0, 256));
    to.add(K, lanes);
    to.cmp(K, COLUMNS);
    to.jump(Assembler.Condition.BELOW, turn);
    return leave(row);
  }

  /**
   * To bytes, a group's from its lowest number to its highest, with a scale and a zero between
   * them. Stores the scale, and the zero times the scale. A NaN or an infinity makes the scale NaN,
   * and so every product of the group.
   */
  static Assembler bytes(NarrowTiles.Form form) {
    return new NarrowRowCode(form.bits()).fours(form);
  }

  private Assembler fours(NarrowTiles.Form form) {
    Label row = new Label(".Lrow");
    Label group = new Label(".Lgroup");
    Label whole = new Label(".Lwhole");
    Label extremes = new Label(".Lextremes");
    Label turn = new Label(".Lturn");
    enter();
    for (int i = 0; i < CONSTANT_BITS.length; i++) {
      to.vector(VBROADCASTSS, wide(8 + i), Address.of(CONSTANTS, i * Integer.BYTES));
    }
    to.bind(row);
    to.clear(K);
    to.lea(SCALES, Address.of(C, form.scalesAt()));
    to.bind(group);
    to.lea(END, Address.of(K, form.group()));
    to.cmp(COLUMNS, END);
    to.jump(Assembler.Condition.NOT_BELOW, whole);
    to.mov(END, COLUMNS);
    to.bind(whole);
    to.mov(START, K);
    for (int i = 0; i < 3; i++) {
      to.vclear(wide(i));
    }
    to.bind(extremes);
    to.vmovups(wide(3), new Address(ROWS, K, Float.BYTES, 0));
    to.vector(VMINPS, wide(LOWEST), wide(LOWEST), wide(3));
    to.vector(VMAXPS, wide(HIGHEST), wide(HIGHEST), wide(3));
    to.vector(VANDPS, wide(3), wide(3), wide(8));
    to.vector(VPMAXUD, wide(LARGEST), wide(LARGEST), wide(3));
    to.add(K, lanes);
    to.cmp(K, END);
    to.jump(Assembler.Condition.BELOW, extremes);
    RowCode.fold(to, VMINPS, bits, LOWEST, 3);
    RowCode.fold(to, VMAXPS, bits, HIGHEST, 3);
    RowCode.fold(to, VPMAXUD, bits, LARGEST, 3);
    scaleAndZero();
    to.mov(K, START);
    to.bind(turn);
    to.vmovups(wide(1), new Address(ROWS, K, Float.BYTES, 0));
    to.vector(VMULPS, wide(1), wide(1), wide(4));
    to.vector(VCVTPS2DQ, wide(1), wide(1));
    to.vector(VPADDD, wide(1), wide(1), wide(5));
    storeBytes(1);
    to.add(K, lanes);
    to.cmp(K, END);
    to.jump(Assembler.Condition.BELOW, turn);
    to.cmp(K, COLUMNS);
    to.jump(Assembler.Condition.BELOW, group);
    return leave(row);
  }

  /** Stores the numbers of a register as bytes, the highest where they are larger. */
  private void storeBytes(int register) {
    Address at = new Address(C, K, 1, 0);
    if (bits == 512) {
      to.vpmovusdb(at, wide(register));
      return;
    }
    Vector numbers = wide(register);
    to.vector(VPACKUSDW, numbers, numbers, numbers);
    to.vector(VPACKUSWB, numbers, numbers, numbers);
    to.store(VMOVSS_TO, at, narrow(register));
    to.upperHalf(narrow(register), numbers);
    to.store(VMOVSS_TO, new Address(C, K, 1, Integer.BYTES), narrow(register));
  }

  /**
   * Stores the two numbers; leaves in registers 4 and 5 what numbers are multiplied by and the
   * zero, an integer.
   */
  private void scaleAndZero() {
    Vector range = narrow(3);
    to.vector(VSUBSS, range, narrow(HIGHEST), narrow(LOWEST));
    to.vector(VMAXSS, range, range, narrow(9));
    to.vector(VDIVSS, narrow(4), narrow(10), range);
    to.vector(VDIVSS, range, range, narrow(10));
    // Minimum and maximum pass over a NaN; 0 times a NaN or an infinity is NaN.
    to.vclear(narrow(6));
    to.vector(VMULSS, narrow(6), narrow(6), narrow(LARGEST));
    to.vector(VADDSS, range, range, narrow(6));
    to.store(VMOVSS_TO, Address.of(SCALES), range);
    to.vector(VMULSS, narrow(5), narrow(LOWEST), narrow(4));
    to.vector(VCVTPS2DQ, narrow(5), narrow(5));
    to.vector(VCVTDQ2PS, narrow(6), narrow(5));
    to.vector(VMULSS, narrow(6), narrow(6), range);
    to.vclear(narrow(7));
    to.vector(VSUBSS, narrow(6), narrow(7), narrow(6));
    to.store(VMOVSS_TO, Address.of(SCALES, Float.BYTES), narrow(6));
    to.add(SCALES, 2 * Float.BYTES);
    to.vector(VPSUBD, narrow(5), narrow(7), narrow(5));
    to.vector(VBROADCASTSS, wide(4), narrow(4));
    to.vector(VBROADCASTSS, wide(5), narrow(5));
  }
}
