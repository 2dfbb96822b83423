// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.util.Locale;

/**
 * Vector instructions whose encodings differ in a few numbers only; see {@link Assembler#vector}.
 * Those on one number take registers of 128 bits.
 */
enum VectorInstruction {
  VADDPS(0, 0x58),
  VSUBPS(0, 0x5c),
  VMULPS(0, 0x59),
  VMINPS(0, 0x5d),
  VMAXPS(0, 0x5f),
  VANDPS(0, 0x54),
  VXORPS(0, 0x57),
  VORPS(0, 0x56),
  VDIVPS(0, 0x5e),
  VMOVAPS(0, 0x28),
  VMOVHLPS(0, 0x12),
  VHADDPS(3, 0x7c),
  VMOVSHDUP(2, 0x16),
  /** {@code to = left · to + right}. */
  VFMADD213PS(2, 1, 0xa8, 0),
  /** {@code to = left · right + to}. */
  VFMADD231PS(2, 1, 0xb8, 0),
  /** {@code to = to · right + left}. */
  VFMADD132PS(2, 1, 0x98, 0),
  /** {@code to = right - left · to}. */
  VFNMADD213PS(2, 1, 0xac, 0),
  /** {@code to = to - left · right}. */
  VFNMADD231PS(2, 1, 0xbc, 0),
  VBROADCASTSS(2, 1, 0x18, 4),
  VPADDD(1, 0xfe),
  VPSUBD(1, 0xfa),
  /** Of half as many bits: binary16 to binary32. */
  VCVTPH2PS(2, 1, 0x13, -1),
  /** Of half as many bits: 16-bit numbers to 32-bit ones. */
  VPMOVZXWD(2, 1, 0x33, -1),
  VPMAXUD(2, 1, 0x3f, 0),
  /** 32-bit numbers with a sign to 16-bit ones without, the nearest, within each 128 bits. */
  VPACKUSDW(2, 1, 0x2b, 0),
  /** 16-bit numbers with a sign to bytes without, likewise. */
  VPACKUSWB(1, 0x67),
  VCVTPS2DQ(1, 0x5b),
  VCVTDQ2PS(0, 0x5b),
  /** {@code to += } the products of each two neighbours in bfloat16. */
  VDPBF16PS(2, 2, 0x52, 0),
  /** {@code to += } the products of each four neighbours, bytes without and with a sign. */
  VPDPBUSD(2, 1, 0x50, 0),
  /** The same as AVX-VNNI has it, for registers of 256 bits. */
  VPDPBUSD_VEX(2, 1, 0x50, 0),
  VMOVSS(1, 2, 0x10, 4),
  /** To memory. */
  VMOVSS_TO(1, 2, 0x11, 4),
  VADDSS(1, 2, 0x58, 4),
  VSUBSS(1, 2, 0x5c, 4),
  VMULSS(1, 2, 0x59, 4),
  VMAXSS(1, 2, 0x5f, 4),
  VDIVSS(1, 2, 0x5e, 4),
  VCVTSS2SD(1, 2, 0x5a, 4),
  VCVTSD2SS(1, 3, 0x5a, 8),
  VADDSD(1, 3, 0x58, 8),
  VSUBSD(1, 3, 0x5c, 8),
  VMULSD(1, 3, 0x59, 8),
  VDIVSD(1, 3, 0x5e, 8),
  VMAXSD(1, 3, 0x5f, 8),
  VSQRTSD(1, 3, 0x51, 8),
  VMOVSD(1, 3, 0x10, 8);

  /**
   * What is the same in all uses of an instruction.
   *
   * @param map 1 for opcodes after 0F, 2 after 0F 38, 3 after 0F 3A
   * @param prefix 0, 1 for 66, 2 for F3, 3 for F2
   * @param isShort whether there is a VEX encoding
   * @param isWide bit W of the EVEX encoding
   */
  record Form(int map, int prefix, int opcode, boolean isShort, boolean isWide) {
    Form(int map, int prefix, int opcode, boolean isShort) {
      this(map, prefix, opcode, isShort, false);
    }
  }

  private final int map;
  private final int prefix;
  private final int opcode;

  /** Bytes of an operand in memory; 0 as many as the register's, -1 half as many. */
  private final int bytes;

  VectorInstruction(int prefix, int opcode) {
    this(1, prefix, opcode, 0);
  }

  VectorInstruction(int map, int prefix, int opcode, int bytes) {
    this.map = map;
    this.prefix = prefix;
    this.opcode = opcode;
    this.bytes = bytes;
  }

  Form form() {
    return new Form(map, prefix, opcode, this != VDPBF16PS && this != VPDPBUSD);
  }

  /** Bytes of an operand in memory beside a register of {@code width} bytes. */
  int unit(int width) {
    return bytes == 0 ? width : bytes == -1 ? width / 2 : bytes;
  }

  /** The register that is read, of which some instructions see a part. */
  Vector source(Vector register) {
    return switch (this) {
      case VBROADCASTSS -> new Vector(register.number(), 128);
      default -> register;
    };
  }

  String text() {
    return switch (this) {
      case VMOVSS_TO -> "vmovss";
      case VPDPBUSD_VEX -> "{vex} vpdpbusd";
      default -> name().toLowerCase(Locale.ROOT);
    };
  }

  String pointer(int width) {
    return pointerOf(unit(width));
  }

  static String pointerOf(int bytes) {
    return switch (bytes) {
      case 4 -> "dword ptr ";
      case 8 -> "qword ptr ";
      case 16 -> "xmmword ptr ";
      case 32 -> "ymmword ptr ";
      default -> "zmmword ptr ";
    };
  }
}
