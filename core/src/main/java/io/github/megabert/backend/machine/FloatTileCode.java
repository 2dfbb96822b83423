// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes the kernels of {@link FloatTiles}: products of some rows with a panel of two vectors of
 * columns. Every sum has a register of its own and takes its products in the order of k, one fused
 * multiply-add each, so that results are those of any other kernel with that order.
 *
 * <p>In bfloat16 a 32-bit word holds two inputs, and a step of k takes both.
 *
 * <p>A step of k loads two vectors of the panel and, a row, one number into all lanes. An operand
 * in memory that is broadcast by the multiply-add itself would be loaded twice, once a vector of
 * the panel: 26 loads for 24 multiply-adds of twelve rows instead of 14, where a processor has as
 * many ports for the ones as for the others.
 */
final class FloatTileCode {
  /** Steps of k a turn of the loop. */
  private static final int UNROLL = 4;

  private static final Register ROWS = NativeCall.A;
  private static final Register PANEL = NativeCall.B;
  private static final Register C = NativeCall.C;
  private static final Register DEPTH = NativeCall.DEPTH;
  private static final Register COUNT = NativeCall.COUNT;
  private static final Register AHEAD = NativeCall.AHEAD;
  private static final Register STEP = Register.R10;
  private static final Register K = Register.RAX;
  private static final Register WEIGHTS = Register.R11;
  private static final Register WHOLE = Register.RBX;

  /** Bytes that {@link #WHOLE} takes on the stack. */
  private static final int SAVED = 8;

  private final Assembler to = new Assembler();
  private final int bits;
  private final int rows;
  private final VectorInstruction product;
  private final List<Address> numbers = new ArrayList<>();
  private final List<Vector> sums = new ArrayList<>();
  private final Vector low;
  private final Vector high;

  /** Bytes of a row of a panel, and of the result. */
  private final int panelBytes;

  private FloatTileCode(VectorInstruction product, int bits, int rows) {
    this.product = product;
    this.bits = bits;
    this.rows = rows;
    panelBytes = 2 * bits / Byte.SIZE;
    for (int i = 0; i < 2 * rows; i++) {
      sums.add(new Vector(i, bits));
    }
    low = new Vector(2 * rows, bits);
    high = new Vector(2 * rows + 1, bits);
  }

  /**
   * Tiles one below the other, of rows at a constant distance. For each k it brings in a line
   * {@code step} bytes behind the one before, or two.
   *
   * @param bits of a vector
   * @param rows of a tile
   * @param distance bytes from a row to the next
   * @param lines brought in for each k, 1 or 2; if 2, the step is that between the two
   */
  static Assembler strided(int bits, int rows, int distance, int lines) {
    return strided(VectorInstruction.VFMADD231PS, bits, rows, distance, lines);
  }

  static Assembler strided(VectorInstruction product, int bits, int rows, int distance, int lines) {
    FloatTileCode code = new FloatTileCode(product, bits, rows);
    for (int row = 0; row < rows; row++) {
      code.numbers.add(new Address(ROWS, K, Float.BYTES, row * distance));
    }
    code.enter();
    code.to.mov(STEP, Address.of(Register.RSP, NativeCall.STEP + SAVED));
    code.to.add(AHEAD, Address.of(Register.RSP, NativeCall.AHEAD_OFFSET + SAVED));
    Label tile = new Label(".Ltile");
    code.to.bind(tile);
    code.tile(lines);
    code.to.add(ROWS, rows * distance);
    code.to.add(C, rows * code.panelBytes);
    code.to.dec(COUNT);
    code.to.jump(Assembler.Condition.NOT_EQUAL, tile);
    return code.leave();
  }

  /**
   * One tile of up to four rows, {@code count} bytes from a row to the next.
   *
   * @param bits of a vector
   */
  static Assembler rows(int bits, int rows) {
    FloatTileCode code = new FloatTileCode(VectorInstruction.VFMADD231PS, bits, rows);
    // The third row and the fourth are seen from the third: x86 scales an index by 1, 2, 4 or 8,
    // not 3.
    code.numbers.add(new Address(ROWS, K, Float.BYTES, 0));
    code.numbers.add(new Address(COUNT, K, Float.BYTES, 0));
    code.numbers.add(new Address(STEP, K, Float.BYTES, 0));
    code.numbers.add(new Address(AHEAD, K, Float.BYTES, 0));
    code.enter();
    Assembler to = code.to;
    to.lea(STEP, new Address(ROWS, COUNT, 2, 0));
    to.lea(AHEAD, new Address(STEP, COUNT, 1, 0));
    to.add(COUNT, ROWS);
    code.tile(0);
    return code.leave();
  }

  /** Loads two lines of each of {@code count} pages of {@code ahead}. */
  static Assembler touchPages(int page, int line) {
    Assembler to = new Assembler();
    to.add(AHEAD, Address.of(Register.RSP, NativeCall.AHEAD_OFFSET));
    Label next = new Label(".Lpage");
    to.bind(next);
    to.loadByte(Register.RAX, Address.of(AHEAD));
    to.loadByte(Register.RAX, Address.of(AHEAD, line));
    to.add(AHEAD, page);
    to.dec(COUNT);
    to.jump(Assembler.Condition.NOT_EQUAL, next);
    to.ret();
    return to;
  }

  private void enter() {
    to.push(WHOLE);
    to.add(ROWS, Address.of(Register.RSP, NativeCall.A_OFFSET + SAVED));
    to.add(PANEL, Address.of(Register.RSP, NativeCall.B_OFFSET + SAVED));
    to.add(C, Address.of(Register.RSP, NativeCall.C_OFFSET + SAVED));
    to.mov(WHOLE, DEPTH);
    to.and(WHOLE, -UNROLL);
  }

  private Assembler leave() {
    to.vzeroupper();
    to.pop(WHOLE);
    to.ret();
    return to;
  }

  private void tile(int lines) {
    Label turn = new Label(".Lturn");
    Label rest = new Label(".Lrest");
    Label step = new Label(".Lstep");
    Label end = new Label(".Lend");
    sums.forEach(to::vclear);
    to.clear(K);
    to.mov(WEIGHTS, PANEL);
    to.test(WHOLE, WHOLE);
    to.jump(Assembler.Condition.EQUAL, rest);
    to.bind(turn);
    for (int i = 0; i < UNROLL; i++) {
      step(i, lines);
    }
    to.add(K, UNROLL);
    to.add(WEIGHTS, UNROLL * panelBytes);
    to.cmp(K, WHOLE);
    to.jump(Assembler.Condition.BELOW, turn);
    to.bind(rest);
    to.cmp(K, DEPTH);
    to.jump(Assembler.Condition.NOT_BELOW, end);
    to.bind(step);
    step(0, lines);
    to.add(K, 1);
    to.add(WEIGHTS, panelBytes);
    to.cmp(K, DEPTH);
    to.jump(Assembler.Condition.BELOW, step);
    to.bind(end);
    for (int i = 0; i < 2 * rows; i++) {
      to.vmovups(Address.of(C, i * panelBytes / 2), sums.get(i));
    }
  }

  /** The k that is {@code i} behind the register's. */
  private void step(int i, int lines) {
    if (lines > 0) {
      to.prefetcht1(Address.of(AHEAD));
      if (lines > 1) {
        to.prefetcht1(new Address(AHEAD, STEP, 1, 0));
        to.lea(AHEAD, new Address(AHEAD, STEP, 2, 0));
      } else {
        to.add(AHEAD, STEP);
      }
    }
    to.vmovups(low, Address.of(WEIGHTS, i * panelBytes));
    to.vmovups(high, Address.of(WEIGHTS, i * panelBytes + panelBytes / 2));
    // As many registers as are left take the numbers in turn.
    int first = 2 * rows + 2;
    int spare = (bits == 512 ? 32 : 16) - first;
    for (int row = 0; row < rows; row++) {
      Vector number = new Vector(first + row % spare, bits);
      Address at = numbers.get(row);
      to.vbroadcastss(
          number, new Address(at.base(), at.index(), at.scale(), at.displacement() + 4 * i));
      to.vector(product, sums.get(2 * row), number, low);
      to.vector(product, sums.get(2 * row + 1), number, high);
    }
  }
}
