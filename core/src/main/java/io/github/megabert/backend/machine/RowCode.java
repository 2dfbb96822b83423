// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.VectorInstruction.VADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VHADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMAXPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVHLPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSHDUP;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS_TO;

/**
 * What kernels on rows have in common: loops over rows and over their numbers, first whole panels,
 * then a vector if one is left, then number by number; and reductions over lanes, in the order of
 * the other forms.
 *
 * <p>Numbers that are read lie in panels, {@link NativeCall#STEP} bytes apart, or behind one
 * another, which is the same where that is a panel's width.
 */
final class RowCode {
  static final Register A = NativeCall.A;
  static final Register B = NativeCall.B;
  static final Register C = NativeCall.C;
  static final Register COLUMNS = NativeCall.DEPTH;
  static final Register ROWS = NativeCall.COUNT;
  static final Register AHEAD = NativeCall.AHEAD;

  /** The number of a row's float. */
  static final Register INDEX = Register.RAX;

  /** Where the floats of A are. */
  static final Register SOURCE = Register.R10;

  static final Register WHOLE = Register.R11;
  static final Register SPARE = Register.RBX;

  /** Bytes that {@link #SPARE} takes on the stack. */
  private static final int SAVED = 8;

  final Assembler to = new Assembler();
  final int bits;
  final int lanes;
  final int vectorBytes;
  private int labels;

  RowCode(int bits) {
    this.bits = bits;
    lanes = bits / Float.SIZE;
    vectorBytes = bits / Byte.SIZE;
  }

  /** What is done to some numbers of a row. */
  interface Body {
    void at(Place place);
  }

  /**
   * Some consecutive numbers of a row.
   *
   * @param isSingle one number, not a vector
   * @param vector 0 or 1, the vector of a panel
   */
  record Place(RowCode code, boolean isSingle, int vector) {
    Vector register(int number) {
      return new Vector(number, isSingle ? 128 : code.bits);
    }

    /** These numbers of A. */
    Address source() {
      return Address.of(SOURCE, vector * code.vectorBytes);
    }

    /** These numbers of a row that begins at {@code base}. */
    Address of(Register base) {
      return new Address(base, INDEX, Float.BYTES, vector * code.vectorBytes);
    }

    Vector load(int number, Address from) {
      Vector register = register(number);
      if (isSingle) {
        code.to.vector(VMOVSS, register, from);
      } else {
        code.to.vmovups(register, from);
      }
      return register;
    }

    void store(Address to, Vector register) {
      if (isSingle) {
        code.to.store(VMOVSS_TO, to, register);
      } else {
        code.to.vmovups(to, register);
      }
    }
  }

  /** A vector of full width. */
  Vector wide(int number) {
    return new Vector(number, bits);
  }

  static Vector narrow(int number) {
    return new Vector(number, 128);
  }

  Label label(String name) {
    labels++;
    return new Label(".L" + name + labels);
  }

  /** A number of {@link RowConstants}, which {@link #AHEAD} holds. */
  Address constant(int number) {
    return Address.of(AHEAD, number * vectorBytes);
  }

  /** An argument on the stack. */
  static Address argument(int at) {
    return Address.of(Register.RSP, at + SAVED);
  }

  /** Adds their offsets to A, B and C. */
  void enter() {
    to.push(SPARE);
    to.add(A, argument(NativeCall.A_OFFSET));
    to.add(B, argument(NativeCall.B_OFFSET));
    to.add(C, argument(NativeCall.C_OFFSET));
    to.mov(WHOLE, COLUMNS);
    to.and(WHOLE, -2 * lanes);
  }

  Assembler leave() {
    to.vzeroupper();
    to.pop(SPARE);
    to.ret();
    return to;
  }

  /** Does it for each row; {@code row} moves A to the next. */
  void rows(Runnable row) {
    Label next = label("row");
    to.bind(next);
    row.run();
    to.add(C, argument(NativeCall.C_STRIDE));
    to.dec(ROWS);
    to.jump(Assembler.Condition.NOT_EQUAL, next);
  }

  /** All numbers of a row. */
  void numbers(Body vectors, Body singles) {
    panels(vectors);
    halfPanel(vectors);
    singles(singles);
  }

  /** Whole panels from the beginning of a row on. */
  void panels(Body vectors) {
    Label turn = label("panel");
    Label end = label("panels");
    to.clear(INDEX);
    to.mov(SOURCE, A);
    to.test(WHOLE, WHOLE);
    to.jump(Assembler.Condition.EQUAL, end);
    to.bind(turn);
    vectors.at(new Place(this, false, 0));
    vectors.at(new Place(this, false, 1));
    to.add(SOURCE, argument(NativeCall.STEP));
    to.add(INDEX, 2 * lanes);
    to.cmp(INDEX, WHOLE);
    to.jump(Assembler.Condition.BELOW, turn);
    to.bind(end);
  }

  /** A vector behind them, if there is one. */
  void halfPanel(Body vectors) {
    Label end = label("half");
    to.lea(SPARE, Address.of(INDEX, lanes));
    to.cmp(SPARE, COLUMNS);
    to.jump(Assembler.Condition.ABOVE, end);
    vectors.at(new Place(this, false, 0));
    to.add(SOURCE, vectorBytes);
    to.mov(INDEX, SPARE);
    to.bind(end);
  }

  /** What is left, number by number. */
  void singles(Body singles) {
    Label turn = label("single");
    Label end = label("singles");
    to.cmp(INDEX, COLUMNS);
    to.jump(Assembler.Condition.NOT_BELOW, end);
    to.bind(turn);
    singles.at(new Place(this, true, 0));
    to.add(SOURCE, Float.BYTES);
    to.add(INDEX, 1);
    to.cmp(INDEX, COLUMNS);
    to.jump(Assembler.Condition.BELOW, turn);
    to.bind(end);
  }

  /**
   * The sum of a register's lanes: every fourth one, then those four by two and two.
   *
   * @param spare a register, as is the one behind it
   * @return one number, in {@code sum}
   */
  Vector sum(int sum, int spare) {
    Vector total = narrow(spare);
    Vector part = narrow(spare + 1);
    to.vclear(total);
    to.vector(VADDPS, total, total, narrow(sum));
    to.upperHalf(part, new Vector(sum, 256));
    if (bits == 512) {
      to.upperHalf(new Vector(sum, 256), new Vector(sum, 512));
      to.vector(VADDPS, total, total, part);
      to.vector(VADDPS, total, total, narrow(sum));
      to.upperHalf(part, new Vector(sum, 256));
    }
    to.vector(VADDPS, total, total, part);
    to.vector(VHADDPS, total, total, total);
    to.vector(VHADDPS, narrow(sum), total, total);
    return narrow(sum);
  }

  /** Folds a register's lanes, the one half to the other, until one is left. */
  Vector fold(VectorInstruction op, int number, int spare) {
    return fold(to, op, bits, number, spare);
  }

  static Vector fold(Assembler to, VectorInstruction op, int bits, int number, int spare) {
    if (bits == 512) {
      to.upperHalf(new Vector(spare, 256), new Vector(number, 512));
      to.vector(op, new Vector(number, 256), new Vector(number, 256), new Vector(spare, 256));
    }
    to.upperHalf(narrow(spare), new Vector(number, 256));
    to.vector(op, narrow(number), narrow(number), narrow(spare));
    to.vector(VMOVHLPS, narrow(spare), narrow(number), narrow(number));
    to.vector(op, narrow(number), narrow(number), narrow(spare));
    to.vector(VMOVSHDUP, narrow(spare), narrow(number));
    to.vector(op, narrow(number), narrow(number), narrow(spare));
    return narrow(number);
  }

  /** The largest lane. */
  Vector max(int number, int spare) {
    return fold(VMAXPS, number, spare);
  }
}
