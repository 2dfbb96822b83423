// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTDQ2PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFNMADD231PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes tiles over panels of bytes, with AVX-512 VNNI or AVX-VNNI. A word of 32 bits holds four
 * inputs; a group of inputs has a scale for each row and for each column. A group's sum is exact;
 * times both scales it is added to the result. Less what a row's zero adds to it, which is a number
 * above 0: that times what the columns' bytes add up to.
 */
final class ByteTileCode {
  /** Steps a turn of the loop; rows and panels are padded with zeros to whole turns. */
  private static final int UNROLL = 4;

  private static final Register ROWS = NativeCall.A;
  private static final Register GROUP = NativeCall.B;
  private static final Register C = NativeCall.C;
  private static final Register DEPTH = NativeCall.DEPTH;
  private static final Register COUNT = NativeCall.COUNT;
  private static final Register AHEAD = NativeCall.AHEAD;
  private static final Register STEP = Register.R10;
  private static final Register K = Register.RAX;
  private static final Register WEIGHTS = Register.R11;
  private static final Register END = Register.RBX;
  private static final Register SCALES = Register.R12;
  private static final Register PANELS = Register.R13;
  private static final int SAVED = 24;

  private final Assembler to = new Assembler();
  private final NarrowTiles.Form form;
  private final VectorInstruction product;
  private final int rows;

  /** Bytes of a vector, and of the panel's two. */
  private final int vector;

  private final int panel;
  private final List<Vector> sums = new ArrayList<>();
  private final Vector low;
  private final Vector high;

  private ByteTileCode(NarrowTiles.Form form, VectorInstruction product, int rows) {
    this.form = form;
    this.product = product;
    this.rows = rows;
    panel = form.rowBytes();
    vector = panel / 2;
    for (int i = 0; i < 2 * rows; i++) {
      sums.add(register(i));
    }
    low = register(2 * rows);
    high = register(2 * rows + 1);
  }

  /**
   * Tiles of so many rows, one below the other; for each word of depth it brings in a line.
   *
   * @param product VPDPBUSD, with either encoding
   */
  static Assembler write(NarrowTiles.Form form, VectorInstruction product, int rows) {
    return new ByteTileCode(form, product, rows).tiles();
  }

  private Vector register(int number) {
    return new Vector(number, form.bits());
  }

  /** The register that is so many before the last. */
  private Vector last(int before) {
    return register((form.lanes() == 16 ? 31 : 15) - before);
  }

  private Assembler tiles() {
    to.push(END);
    to.push(SCALES);
    to.push(PANELS);
    to.add(ROWS, Address.of(Register.RSP, NativeCall.A_OFFSET + SAVED));
    to.add(GROUP, Address.of(Register.RSP, NativeCall.B_OFFSET + SAVED));
    to.add(C, Address.of(Register.RSP, NativeCall.C_OFFSET + SAVED));
    to.mov(STEP, Address.of(Register.RSP, NativeCall.STEP + SAVED));
    to.add(AHEAD, Address.of(Register.RSP, NativeCall.AHEAD_OFFSET + SAVED));
    to.mov(PANELS, GROUP);
    Label tile = new Label(".Ltile");
    to.bind(tile);
    to.mov(GROUP, PANELS);
    tile();
    to.add(ROWS, rows * form.distance());
    to.add(C, rows * panel);
    to.dec(COUNT);
    to.jump(Assembler.Condition.NOT_EQUAL, tile);
    to.vzeroupper();
    to.pop(PANELS);
    to.pop(SCALES);
    to.pop(END);
    to.ret();
    return to;
  }

  private void tile() {
    Label group = new Label(".Lgroup");
    Label whole = new Label(".Lwhole");
    Label turn = new Label(".Lturn");
    to.vclear(low);
    for (int i = 0; i < 2 * rows; i++) {
      to.vmovups(Address.of(C, i * vector), low);
    }
    to.clear(K);
    to.lea(SCALES, Address.of(ROWS, form.scalesAt()));
    to.bind(group);
    to.lea(END, Address.of(K, form.group() / Integer.BYTES));
    to.cmp(DEPTH, END);
    to.jump(Assembler.Condition.NOT_BELOW, whole);
    to.mov(END, DEPTH);
    to.bind(whole);
    for (int i = 0; i < 2 * rows; i++) {
      to.vclear(sums.get(i));
    }
    to.lea(WEIGHTS, Address.of(GROUP, 2 * panel));
    to.bind(turn);
    for (int i = 0; i < UNROLL; i++) {
      step(i);
    }
    to.add(K, UNROLL);
    to.add(WEIGHTS, UNROLL * panel);
    to.cmp(K, END);
    to.jump(Assembler.Condition.BELOW, turn);
    addGroup();
    to.mov(GROUP, WEIGHTS);
    to.add(SCALES, 2 * Float.BYTES);
    to.cmp(K, DEPTH);
    to.jump(Assembler.Condition.BELOW, group);
  }

  private void step(int i) {
    to.prefetcht1(Address.of(AHEAD));
    to.add(AHEAD, STEP);
    to.vmovups(low, Address.of(WEIGHTS, i * panel));
    to.vmovups(high, Address.of(WEIGHTS, i * panel + vector));
    int first = 2 * rows + 2;
    int spare = last(0).number() + 1 - first;
    for (int row = 0; row < rows; row++) {
      Vector number = register(first + row % spare);
      to.vbroadcastss(
          number, new Address(ROWS, K, Integer.BYTES, row * form.distance() + i * Integer.BYTES));
      to.vector(product, sums.get(2 * row), number, low);
      to.vector(product, sums.get(2 * row + 1), number, high);
    }
  }

  /** {@code c += sums · the columns' scales · the row's scale - the row's zero · totals}. */
  private void addGroup() {
    Vector zero = last(1);
    Vector scale = last(0);
    Vector[] totals = {last(3), last(2)};
    to.vmovups(low, Address.of(GROUP));
    to.vmovups(high, Address.of(GROUP, vector));
    to.vmovups(totals[0], Address.of(GROUP, panel));
    to.vmovups(totals[1], Address.of(GROUP, panel + vector));
    for (int i = 0; i < 2 * rows; i++) {
      if (i % 2 == 0) {
        to.vector(VBROADCASTSS, zero, Address.of(SCALES, i / 2 * form.distance() + Float.BYTES));
        to.vector(VBROADCASTSS, scale, Address.of(SCALES, i / 2 * form.distance()));
      }
      Vector sum = sums.get(i);
      to.vector(VCVTDQ2PS, sum, sum);
      to.vector(VMULPS, sum, sum, i % 2 == 0 ? low : high);
      to.vector(VFMADD213PS, sum, scale, Address.of(C, i * vector));
      to.vector(VFNMADD231PS, sum, zero, totals[i % 2]);
      to.vmovups(Address.of(C, i * vector), sum);
    }
  }
}
