// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.RowCode.A;
import static io.github.megabert.backend.machine.RowCode.AHEAD;
import static io.github.megabert.backend.machine.RowCode.B;
import static io.github.megabert.backend.machine.RowCode.C;
import static io.github.megabert.backend.machine.RowCode.COLUMNS;
import static io.github.megabert.backend.machine.RowCode.INDEX;
import static io.github.megabert.backend.machine.RowCode.ROWS;
import static io.github.megabert.backend.machine.RowCode.SOURCE;
import static io.github.megabert.backend.machine.RowCode.SPARE;
import static io.github.megabert.backend.machine.RowCode.narrow;
import static io.github.megabert.backend.machine.VectorInstruction.VADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTPH2PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS_TO;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VPMOVZXWD;

/** Writes kernels that move rows: copies, transposes, scales them or looks them up. */
final class RowMoveCode {
  private RowMoveCode() {}

  /** {@code c = a · (b · number)} of rows, with a factor b for each. */
  static Assembler scale(int bits) {
    RowCode code = new RowCode(bits);
    Assembler to = code.to;
    code.enter();
    RowCode.Body body =
        place -> {
          Vector x = place.load(0, place.source());
          to.vector(VMULPS, x, x, place.register(8));
          place.store(place.of(C), x);
        };
    code.rows(
        () -> {
          to.vector(VBROADCASTSS, code.wide(8), Address.of(B));
          to.vector(VBROADCASTSS, code.wide(9), RowCode.argument(NativeCall.NUMBER));
          to.vector(VMULPS, code.wide(8), code.wide(8), code.wide(9));
          code.numbers(body, body);
          to.add(B, Float.BYTES);
          to.add(A, RowCode.argument(NativeCall.STRIDE));
        });
    return code.leave();
  }

  /** {@code c = a} of rows. */
  static Assembler copy(int bits) {
    RowCode code = new RowCode(bits);
    code.enter();
    RowCode.Body body = place -> place.store(place.of(C), place.load(0, place.source()));
    code.rows(
        () -> {
          code.numbers(body, body);
          code.to.add(A, RowCode.argument(NativeCall.STRIDE));
        });
    return code.leave();
  }

  /** {@code c = c + a} of rows. */
  static Assembler add(int bits) {
    RowCode code = new RowCode(bits);
    code.enter();
    RowCode.Body body =
        place -> {
          Vector sum = place.load(0, place.of(C));
          code.to.vector(VADDPS, sum, sum, place.load(1, place.source()));
          place.store(place.of(C), sum);
        };
    code.rows(
        () -> {
          code.numbers(body, body);
          code.to.add(A, RowCode.argument(NativeCall.STRIDE));
        });
    return code.leave();
  }

  /**
   * {@code c = (a + b) + ahead} of rows of whole vectors, each of these from a table; all three
   * have one distance from row to row.
   */
  static Assembler embed(int bits, RowKernels.Table table) {
    RowCode code = new RowCode(bits);
    Assembler to = code.to;
    code.enter();
    to.add(AHEAD, RowCode.argument(NativeCall.AHEAD_OFFSET));
    Label turn = code.label("vector");
    code.rows(
        () -> {
          to.clear(INDEX);
          to.bind(turn);
          Vector sum = load(code, table, 0, A);
          to.vector(VADDPS, sum, sum, load(code, table, 1, B));
          to.vector(VADDPS, sum, sum, load(code, table, 1, AHEAD));
          to.vmovups(new Address(C, INDEX, Float.BYTES, 0), sum);
          to.add(INDEX, code.lanes);
          to.cmp(INDEX, COLUMNS);
          to.jump(Assembler.Condition.BELOW, turn);
          to.add(A, RowCode.argument(NativeCall.STRIDE));
          to.add(B, RowCode.argument(NativeCall.STRIDE));
          to.add(AHEAD, RowCode.argument(NativeCall.STRIDE));
        });
    return code.leave();
  }

  private static Vector load(RowCode code, RowKernels.Table table, int number, Register base) {
    Vector register = code.wide(number);
    Address at = new Address(base, INDEX, table.bytes(), 0);
    switch (table) {
      case F32 -> code.to.vmovups(register, at);
      case F16 -> code.to.vector(VCVTPH2PS, register, at);
      case BF16 -> {
        code.to.vector(VPMOVZXWD, register, at);
        code.to.vpslld(register, register, 16);
      }
    }
    return register;
  }

  /**
   * A panel whose columns are the rows of a, {@code stride} bytes apart, with zeros beyond the last
   * of them.
   */
  static Assembler transpose(int bits) {
    RowCode code = new RowCode(bits);
    Assembler to = code.to;
    int panelBytes = 2 * code.vectorBytes;
    code.enter();
    Label clear = code.label("clear");
    Label row = code.label("row");
    Label number = code.label("number");
    // A panel of whole rows is overwritten altogether.
    to.lea(SPARE, Address.of(ROWS, -2 * code.lanes));
    to.test(SPARE, SPARE);
    to.jump(Assembler.Condition.EQUAL, row);
    to.vclear(code.wide(0));
    to.clear(INDEX);
    to.mov(SPARE, C);
    to.bind(clear);
    to.vmovups(Address.of(SPARE), code.wide(0));
    to.vmovups(Address.of(SPARE, code.vectorBytes), code.wide(0));
    to.add(SPARE, panelBytes);
    to.add(INDEX, 1);
    to.cmp(INDEX, COLUMNS);
    to.jump(Assembler.Condition.BELOW, clear);
    to.bind(row);
    to.clear(INDEX);
    to.mov(SPARE, C);
    to.bind(number);
    to.vector(VMOVSS, narrow(0), new Address(A, INDEX, Float.BYTES, 0));
    to.store(VMOVSS_TO, Address.of(SPARE), narrow(0));
    to.add(SPARE, panelBytes);
    to.add(INDEX, 1);
    to.cmp(INDEX, COLUMNS);
    to.jump(Assembler.Condition.BELOW, number);
    to.add(A, RowCode.argument(NativeCall.STRIDE));
    to.add(C, Float.BYTES);
    to.dec(ROWS);
    to.jump(Assembler.Condition.NOT_EQUAL, row);
    return code.leave();
  }

  /** {@code c[j] = Σ a[d] · b[j, d]} of whole vectors, for rows j of b, {@code stride} apart. */
  static Assembler dots(int bits) {
    RowCode code = new RowCode(bits);
    Assembler to = code.to;
    code.enter();
    Label row = code.label("row");
    Label turn = code.label("vector");
    to.bind(row);
    to.vclear(code.wide(0));
    to.clear(INDEX);
    to.bind(turn);
    to.vmovups(code.wide(1), new Address(A, INDEX, Float.BYTES, 0));
    to.vmovups(code.wide(2), new Address(B, INDEX, Float.BYTES, 0));
    to.vfmadd231ps(code.wide(0), code.wide(1), code.wide(2));
    to.add(INDEX, code.lanes);
    to.cmp(INDEX, COLUMNS);
    to.jump(Assembler.Condition.BELOW, turn);
    Vector sum = code.fold(VADDPS, 0, 1);
    to.store(VMOVSS_TO, Address.of(C), sum);
    to.add(C, Float.BYTES);
    to.add(B, RowCode.argument(NativeCall.STRIDE));
    to.dec(ROWS);
    to.jump(Assembler.Condition.NOT_EQUAL, row);
    return code.leave();
  }

  /** {@code c = Σ a[j] · b[j]} over rows j of b, {@code stride} apart, in the order of j. */
  static Assembler weightedSum(int bits) {
    RowCode code = new RowCode(bits);
    Assembler to = code.to;
    code.enter();
    RowCode.Body body =
        place -> {
          Vector sum = place.register(0);
          Label row = code.label("row");
          to.vclear(sum);
          to.clear(SPARE);
          to.lea(SOURCE, place.of(B));
          to.bind(row);
          Vector weight = place.register(1);
          to.vector(VBROADCASTSS, weight, new Address(A, SPARE, Float.BYTES, 0));
          Vector value = place.load(2, Address.of(SOURCE));
          to.vfmadd231ps(sum, weight, value);
          to.add(SOURCE, RowCode.argument(NativeCall.STRIDE));
          to.add(SPARE, 1);
          to.cmp(SPARE, ROWS);
          to.jump(Assembler.Condition.BELOW, row);
          place.store(place.of(C), sum);
        };
    code.panels(body);
    to.lea(SPARE, Address.of(INDEX, code.lanes));
    Label rest = code.label("rest");
    to.cmp(SPARE, COLUMNS);
    to.jump(Assembler.Condition.ABOVE, rest);
    body.at(new RowCode.Place(code, false, 0));
    to.add(INDEX, code.lanes);
    to.bind(rest);
    code.singles(body);
    return code.leave();
  }
}
