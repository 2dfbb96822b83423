// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Encodes the instructions that kernels need, after Intel's "64 and IA-32 Architectures Software
 * Developer's Manual", volume 2. Each gets the shortest encoding, as other assemblers choose it,
 * except that a jump forward always has a displacement of 32 bits.
 *
 * <p>Beside the bytes it keeps a listing in Intel's syntax, which another assembler can read.
 */
final class Assembler {
  /** The condition of a jump, by its code. */
  enum Condition {
    BELOW(2, "jb"),
    NOT_BELOW(3, "jae"),
    EQUAL(4, "je"),
    NOT_EQUAL(5, "jne"),
    ABOVE(7, "ja");

    private final int code;
    private final String text;

    Condition(int code, String text) {
      this.code = code;
      this.text = text;
    }
  }

  private final List<String> listing = new ArrayList<>();
  private byte[] code = new byte[4096];
  private int size;

  /** The code so far. */
  byte[] bytes() {
    return Arrays.copyOf(code, size);
  }

  /** An instruction or a label a line. */
  List<String> listing() {
    return List.copyOf(listing);
  }

  // General registers.

  void push(Register register) {
    list("push", register.text());
    rex(false, 0, 0, register.number());
    emit(0x50 + (register.number() & 7));
  }

  void pop(Register register) {
    list("pop", register.text());
    rex(false, 0, 0, register.number());
    emit(0x58 + (register.number() & 7));
  }

  void mov(Register to, Register from) {
    registers("mov", 0x89, to, from);
  }

  void mov(Register to, Address from) {
    list("mov", to.text(), from.text());
    memory(true, 0x8b, to.number(), from);
  }

  /** Moves the lower 32 bits and clears the upper ones. */
  void mov32(Register to, Register from) {
    list("mov", to.text32(), from.text32());
    rex(false, from.number(), 0, to.number());
    emit(0x89);
    direct(from.number(), to.number());
  }

  void mov(Address to, Register from) {
    list("mov", to.text(), from.text());
    memory(true, 0x89, from.number(), to);
  }

  void store32(Address to, Register from) {
    list("mov", to.text(), from.text32());
    memory(false, 0x89, from.number(), to);
  }

  /** Loads a byte and clears the rest. */
  void loadByte(Register to, Address from) {
    list("movzx", to.text32(), "byte ptr " + from.text());
    rexOf(false, to.number(), from);
    emit(0x0f);
    emit(0xb6);
    indirect(to.number(), from, 1);
  }

  void clear(Register register) {
    list("xor", register.text32(), register.text32());
    rex(false, register.number(), 0, register.number());
    emit(0x31);
    direct(register.number(), register.number());
  }

  void lea(Register to, Address address) {
    list("lea", to.text(), address.text());
    memory(true, 0x8d, to.number(), address);
  }

  void add(Register to, Register from) {
    registers("add", 0x01, to, from);
  }

  void add(Register to, Address from) {
    list("add", to.text(), from.text());
    memory(true, 0x03, to.number(), from);
  }

  void add(Register to, int value) {
    immediate("add", 0, to, value);
  }

  void and(Register to, int value) {
    immediate("and", 4, to, value);
  }

  void sub(Register to, int value) {
    immediate("sub", 5, to, value);
  }

  void cmp(Register left, Register right) {
    registers("cmp", 0x39, left, right);
  }

  void test(Register left, Register right) {
    registers("test", 0x85, left, right);
  }

  void dec(Register register) {
    list("dec", register.text());
    rex(true, 0, 0, register.number());
    emit(0xff);
    direct(1, register.number());
  }

  private void registers(String name, int opcode, Register to, Register from) {
    list(name, to.text(), from.text());
    rex(true, from.number(), 0, to.number());
    emit(opcode);
    direct(from.number(), to.number());
  }

  private void immediate(String name, int operation, Register to, int value) {
    list(name, to.text(), Integer.toString(value));
    rex(true, 0, 0, to.number());
    if (value == (byte) value) {
      emit(0x83);
      direct(operation, to.number());
      emit(value);
    } else if (to == Register.RAX) {
      emit(operation << 3 | 5);
      emit32(value);
    } else {
      emit(0x81);
      direct(operation, to.number());
      emit32(value);
    }
  }

  // Control.

  void bind(Label label) {
    listing.add(label.name() + ":");
    for (int end : label.bind(size)) {
      put32(end - Integer.BYTES, size - end);
    }
  }

  void jump(Condition condition, Label label) {
    if (!label.isBound()) {
      listing.add("{disp32} " + condition.text + " " + label.name());
      emit(0x0f);
      emit(0x80 | condition.code);
      emit32(0);
      label.waitFor(size);
      return;
    }
    list(condition.text, label.name());
    int distance = label.at() - (size + 2);
    if (distance == (byte) distance) {
      emit(0x70 | condition.code);
      emit(distance);
    } else {
      emit(0x0f);
      emit(0x80 | condition.code);
      emit32(label.at() - (size + Integer.BYTES));
    }
  }

  /** Calls what follows at a label that is not bound yet. */
  void call(Label ahead) {
    list("call", ahead.name());
    emit(0xe8);
    emit32(0);
    ahead.waitFor(size);
  }

  /** Calls the function whose address a register holds. */
  void call(Register function) {
    list("call", function.text());
    rex(false, 0, 0, function.number());
    emit(0xff);
    direct(2, function.number());
  }

  void ret() {
    list("ret");
    emit(0xc3);
  }

  void cpuid() {
    list("cpuid");
    emit(0x0f);
    emit(0xa2);
  }

  void xgetbv() {
    list("xgetbv");
    emit(0x0f);
    emit(0x01);
    emit(0xd0);
  }

  /** Brings a line into the second-level cache; an address that is none does no harm. */
  void prefetcht1(Address address) {
    list("prefetcht1", "byte ptr " + address.text());
    rexOf(false, 2, address);
    emit(0x0f);
    emit(0x18);
    indirect(2, address, 1);
  }

  // Vectors.

  /** Lets code that follows use the older vector instructions without a penalty. */
  void vzeroupper() {
    list("vzeroupper");
    emit(0xc5);
    emit(0xf8);
    emit(0x77);
  }

  /** Sets to zero. */
  void vclear(Vector register) {
    String name = register.text();
    if (register.bits() == 512 || register.number() > 15) {
      list("vpxord", name, name, name);
      vector(new VectorInstruction.Form(1, 1, 0xef, false), register, register.number(), register);
    } else {
      list("vxorps", name, name, name);
      vector(new VectorInstruction.Form(1, 0, 0x57, true), register, register.number(), register);
    }
  }

  void vmovups(Vector to, Address from) {
    list("vmovups", to.text(), from.text());
    vector(new VectorInstruction.Form(1, 0, 0x10, true), to, 0, from, to.bytes());
  }

  void vmovups(Address to, Vector from) {
    list("vmovups", to.text(), from.text());
    vector(new VectorInstruction.Form(1, 0, 0x11, true), from, 0, to, from.bytes());
  }

  void vbroadcastss(Vector to, Address from) {
    list("vbroadcastss", to.text(), "dword ptr " + from.text());
    vector(new VectorInstruction.Form(2, 1, 0x18, true), to, 0, from, Float.BYTES);
  }

  /** {@code sum += left · right}, rounded once. */
  void vfmadd231ps(Vector sum, Vector left, Vector right) {
    list("vfmadd231ps", sum.text(), left.text(), right.text());
    vector(new VectorInstruction.Form(2, 1, 0xb8, true), sum, left.number(), right);
  }

  /** {@code to = op(left, right)}; unary instructions have no left operand. */
  void vector(VectorInstruction op, Vector to, Vector left, Vector right) {
    list(op.text(), to.text(), left.text(), right.text());
    vector(op.form(), to, left.number(), right);
  }

  void vector(VectorInstruction op, Vector to, Vector left, Address right) {
    list(op.text(), to.text(), left.text(), op.pointer(to.bytes()) + right.text());
    vector(op.form(), to, left.number(), right, op.unit(to.bytes()));
  }

  void vector(VectorInstruction op, Vector to, Vector from) {
    list(op.text(), to.text(), op.source(from).text());
    vector(op.form(), to, 0, from);
  }

  void vector(VectorInstruction op, Vector to, Address from) {
    list(op.text(), to.text(), op.pointer(to.bytes()) + from.text());
    vector(op.form(), to, 0, from, op.unit(to.bytes()));
  }

  /** Stores the lower lanes. */
  void store(VectorInstruction op, Address to, Vector from) {
    list(op.text(), op.pointer(from.bytes()) + to.text(), from.text());
    vector(op.form(), from, 0, to, op.unit(from.bytes()));
  }

  /** Shifts 32-bit numbers to the left. */
  void vpslld(Vector to, Vector from, int bits) {
    list("vpslld", to.text(), from.text(), Integer.toString(bits));
    // The register to write is the second operand, /6 the first.
    int high = Math.max(to.number(), from.number());
    Vector digit = new Vector(6, to.bits());
    VectorInstruction.Form form = new VectorInstruction.Form(1, 1, 0x72, high < 16);
    vector(form, digit, to.number(), from);
    emit(bits);
  }

  /** {@code to = the upper half of from}. */
  void upperHalf(Vector to, Vector from) {
    boolean isWide = from.bits() == 512;
    list(isWide ? "vextractf64x4" : "vextractf128", to.text(), from.text(), "1");
    int opcode = isWide ? 0x1b : 0x19;
    vector(new VectorInstruction.Form(3, 1, opcode, !isWide, isWide), from, 0, to);
    emit(1);
  }

  /**
   * Lanes of {@code value} become zero where {@code x < limit}, or where it is not.
   *
   * @param spare overwritten where there are no mask registers
   */
  void zeroWhere(boolean below, Vector value, Vector x, Address limit, Vector spare) {
    String name = below ? "vcmpnltps" : "vcmpltps";
    boolean isWide = value.bits() == 512;
    Vector mask = isWide ? new Vector(1, 512) : spare;
    list(name, isWide ? "k1" : spare.text(), x.text(), limit.text());
    VectorInstruction.Form compare = new VectorInstruction.Form(1, 0, 0xc2, !isWide);
    vector(compare, mask, x.number(), limit, value.bytes());
    emit(below ? 5 : 1);
    if (isWide) {
      list("vmovaps", value.text() + "{k1}{z}", value.text());
      evexMasked(new VectorInstruction.Form(1, 0, 0x28, false), value, value);
    } else {
      vector(VectorInstruction.VANDPS, value, value, spare);
    }
  }

  /** {@code to = from} in bfloat16, of half as many bits. */
  void vcvtneps2bf16(Vector to, Vector from) {
    list("vcvtneps2bf16", to.text(), from.text());
    vector(
        new VectorInstruction.Form(2, 2, 0x72, false),
        new Vector(to.number(), from.bits()),
        0,
        from);
  }

  /** Stores each 32-bit number without a sign as a byte, the highest where it is larger. */
  void vpmovusdb(Address to, Vector from) {
    int bytes = from.bytes() / Integer.BYTES;
    list("vpmovusdb", VectorInstruction.pointerOf(bytes) + to.text(), from.text());
    vector(new VectorInstruction.Form(2, 2, 0x11, false), from, 0, to, bytes);
  }

  // Tiles of AMX, of which there are eight.

  /** Loads the shapes of all tiles and makes them ready. */
  void ldtilecfg(Address shapes) {
    list("ldtilecfg", shapes.text());
    vector(new VectorInstruction.Form(2, 0, 0x49, true), new Vector(0, 128), 0, shapes, 1);
  }

  void tilerelease() {
    list("tilerelease");
    vector(new VectorInstruction.Form(2, 0, 0x49, true), tile(0), 0, tile(0));
  }

  void tilezero(int tile) {
    list("tilezero", "tmm" + tile);
    vector(new VectorInstruction.Form(2, 3, 0x49, true), tile(tile), 0, tile(0));
  }

  /** Loads a tile; the address's index is the distance of its rows. */
  void tileloadd(int tile, Address from) {
    list("tileloadd", "tmm" + tile, from.text());
    vector(new VectorInstruction.Form(2, 3, 0x4b, true), tile(tile), 0, from, 1);
  }

  void tilestored(Address to, int tile) {
    list("tilestored", to.text(), "tmm" + tile);
    vector(new VectorInstruction.Form(2, 2, 0x4b, true), tile(tile), 0, to, 1);
  }

  /** Adds products of neighbours in bfloat16. */
  void tdpbf16ps(int sum, int left, int right) {
    list("tdpbf16ps", "tmm" + sum, "tmm" + left, "tmm" + right);
    vector(new VectorInstruction.Form(2, 2, 0x5c, true), tile(sum), right, tile(left));
  }

  /** Adds products of bytes without a sign and bytes with one. */
  void tdpbusd(int sum, int left, int right) {
    list("tdpbusd", "tmm" + sum, "tmm" + left, "tmm" + right);
    vector(new VectorInstruction.Form(2, 1, 0x5e, true), tile(sum), right, tile(left));
  }

  /** A tile's number as encodings have it. */
  private static Vector tile(int number) {
    return new Vector(number, 128);
  }

  /** {@code to = (double) from}. */
  void vcvtsi2sd(Vector to, Register from) {
    list("vcvtsi2sd", to.text(), to.text(), from.text());
    emit(0xc4);
    emit((to.number() > 7 ? 0 : 0x80) | 0x40 | (from.number() > 7 ? 0 : 0x20) | 1);
    emit(0x80 | (~to.number() & 15) << 3 | 3);
    emit(0x2a);
    direct(to.number(), from.number());
  }

  private void vector(VectorInstruction.Form form, Vector reg, int second, Vector rm) {
    int high = Math.max(Math.max(reg.number(), second), rm.number());
    if (form.isShort() && reg.bits() < 512 && high < 16) {
      vex(form, reg, second, false, rm.number() > 7);
    } else {
      evex(form, reg, second, rm.number() > 15, (rm.number() & 8) != 0);
    }
    emit(form.opcode());
    direct(reg.number(), rm.number());
  }

  private void vector(VectorInstruction.Form form, Vector reg, int second, Address rm, int unit) {
    boolean isHighIndex = rm.index() != null && rm.index().number() > 7;
    boolean isHighBase = rm.base().number() > 7;
    boolean isShort = form.isShort() && reg.bits() < 512 && Math.max(reg.number(), second) < 16;
    if (isShort) {
      vex(form, reg, second, isHighIndex, isHighBase);
    } else {
      evex(form, reg, second, isHighIndex, isHighBase);
    }
    emit(form.opcode());
    indirect(reg.number(), rm, isShort ? 1 : unit);
  }

  private void vex(VectorInstruction.Form form, Vector reg, int second, boolean x, boolean b) {
    int notR = reg.number() > 7 ? 0 : 0x80;
    int last = (~second & 15) << 3 | (reg.bits() == 256 ? 4 : 0) | form.prefix();
    if (form.map() == 1 && !x && !b) {
      emit(0xc5);
      emit(notR | last);
    } else {
      emit(0xc4);
      emit(notR | (x ? 0 : 0x40) | (b ? 0 : 0x20) | form.map());
      emit(last);
    }
  }

  /** Of two registers, with zeros where mask k1 is not set. */
  private void evexMasked(VectorInstruction.Form form, Vector reg, Vector rm) {
    evex(form, reg, 0, rm.number() > 15, (rm.number() & 8) != 0);
    code[size - 1] |= (byte) 0x81;
    emit(form.opcode());
    direct(reg.number(), rm.number());
  }

  private void evex(VectorInstruction.Form form, Vector reg, int second, boolean x, boolean b) {
    int number = reg.number();
    emit(0x62);
    emit(
        ((number & 8) == 0 ? 0x80 : 0)
            | (x ? 0 : 0x40)
            | (b ? 0 : 0x20)
            | (number > 15 ? 0 : 0x10)
            | form.map());
    emit((form.isWide() ? 0x80 : 0) | (~second & 15) << 3 | 4 | form.prefix());
    int length = reg.bits() == 512 ? 0x40 : reg.bits() == 256 ? 0x20 : 0;
    emit(length | (second > 15 ? 0 : 8));
  }

  // The parts of an encoding.

  private void memory(boolean wide, int opcode, int reg, Address address) {
    rexOf(wide, reg, address);
    emit(opcode);
    indirect(reg, address, 1);
  }

  private void rexOf(boolean wide, int reg, Address address) {
    int index = address.index() == null ? 0 : address.index().number();
    rex(wide, reg, index, address.base().number());
  }

  private void rex(boolean wide, int reg, int index, int base) {
    int bits = (wide ? 8 : 0) | (reg & 8) >> 1 | (index & 8) >> 2 | (base & 8) >> 3;
    if (bits != 0) {
      emit(0x40 | bits);
    }
  }

  /** ModRM of two registers. */
  private void direct(int reg, int rm) {
    emit(0xc0 | (reg & 7) << 3 | (rm & 7));
  }

  /**
   * ModRM, SIB and displacement of an operand in memory.
   *
   * @param unit what a displacement of one byte counts
   */
  private void indirect(int reg, Address address, int unit) {
    int base = address.base().number() & 7;
    int displacement = address.displacement();
    int units = displacement / unit;
    boolean isByte = displacement % unit == 0 && units == (byte) units;
    int mode = displacement == 0 && base != 5 ? 0 : isByte ? 1 : 2;
    boolean hasIndex = address.index() != null || base == 4;
    emit(mode << 6 | (reg & 7) << 3 | (hasIndex ? 4 : base));
    if (hasIndex) {
      int index = address.index() == null ? 4 : address.index().number() & 7;
      emit(Integer.numberOfTrailingZeros(address.scale()) << 6 | index << 3 | base);
    }
    if (mode == 1) {
      emit(units);
    } else if (mode == 2) {
      emit32(displacement);
    }
  }

  private void list(String name, String... operands) {
    listing.add(operands.length == 0 ? name : name + " " + String.join(", ", operands));
  }

  private void emit(int value) {
    if (size == code.length) {
      code = Arrays.copyOf(code, 2 * size);
    }
    code[size++] = (byte) value;
  }

  private void emit32(int value) {
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      emit(value >> shift);
    }
  }

  private void put32(int at, int value) {
    for (int i = 0; i < Integer.BYTES; i++) {
      code[at + i] = (byte) (value >> (Byte.SIZE * i));
    }
  }
}
