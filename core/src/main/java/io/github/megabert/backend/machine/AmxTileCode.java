// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTDQ2PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFNMADD231PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;

/**
 * Writes tiles with AMX, over the rows and panels of the other narrow tiles: 16 words of 16 or 32
 * rows by as many words of a panel's two vectors of columns, in registers of a kilobyte. The
 * registers are configured when a call begins and released when it ends, so none is in use where
 * the JVM may stop a thread; {@code ahead} is the configuration.
 */
final class AmxTileCode {
  /** Rows of a register, and words of a row. */
  static final int SIDE = 16;

  private static final int VECTOR = 64;
  private static final int PANEL = 2 * VECTOR;

  private static final Register ROWS = NativeCall.A;
  private static final Register PANELS = NativeCall.B;
  private static final Register C = NativeCall.C;
  private static final Register DEPTH = NativeCall.DEPTH;
  private static final Register COUNT = NativeCall.COUNT;
  private static final Register K = Register.RAX;
  private static final Register DISTANCE = Register.R10;
  private static final Register WIDTH = Register.R11;
  private static final Register X = Register.RBX;
  private static final Register WEIGHTS = Register.R12;
  private static final Register GROUP = Register.R13;
  private static final Register SCALES = Register.R14;
  private static final Register END = Register.R15;
  private static final Register[] SAVED = {X, WEIGHTS, GROUP, SCALES, END};

  private final Assembler to = new Assembler();
  private final NarrowTiles.Form form;
  private final int rows;

  private AmxTileCode(NarrowTiles.Form form, int rows) {
    this.form = form;
    this.rows = rows;
  }

  /** Tiles of 16 or 32 rows, one below the other. */
  static Assembler write(NarrowTiles.Form form, int rows) {
    return new AmxTileCode(form, rows).tiles();
  }

  /** The configuration: all registers of 16 rows of 64 bytes. */
  static byte[] configuration() {
    byte[] bytes = new byte[64];
    bytes[0] = 1; // the palette
    for (int tile = 0; tile < 8; tile++) {
      bytes[16 + 2 * tile] = VECTOR;
      bytes[48 + tile] = SIDE;
    }
    return bytes;
  }

  private Assembler tiles() {
    for (Register register : SAVED) {
      to.push(register);
    }
    int saved = 8 * SAVED.length;
    to.add(ROWS, Address.of(Register.RSP, NativeCall.A_OFFSET + saved));
    to.add(PANELS, Address.of(Register.RSP, NativeCall.B_OFFSET + saved));
    to.add(C, Address.of(Register.RSP, NativeCall.C_OFFSET + saved));
    to.ldtilecfg(Address.of(NativeCall.AHEAD));
    to.clear(DISTANCE);
    to.add(DISTANCE, form.distance());
    to.clear(WIDTH);
    to.add(WIDTH, PANEL);
    to.sub(Register.RSP, rows * PANEL);
    Label tile = new Label(".Ltile");
    to.bind(tile);
    to.clear(K);
    to.mov(X, ROWS);
    if (form.kind() == NarrowTiles.Kind.BF16) {
      pairs();
    } else {
      bytes();
    }
    to.add(ROWS, rows * form.distance());
    to.add(C, rows * PANEL);
    to.dec(COUNT);
    to.jump(Assembler.Condition.NOT_EQUAL, tile);
    to.add(Register.RSP, rows * PANEL);
    to.tilerelease();
    to.vzeroupper();
    for (int i = SAVED.length; i > 0; i--) {
      to.pop(SAVED[i - 1]);
    }
    to.ret();
    return to;
  }

  private void pairs() {
    to.mov(WEIGHTS, PANELS);
    products(DEPTH);
    store(C);
  }

  private void bytes() {
    Label group = new Label(".Lgroup");
    Label whole = new Label(".Lwhole");
    Vector zero = new Vector(0, 512);
    to.vclear(zero);
    for (int i = 0; i < 2 * rows; i++) {
      to.vmovups(Address.of(C, i * VECTOR), zero);
    }
    to.lea(SCALES, Address.of(ROWS, form.scalesAt()));
    to.mov(GROUP, PANELS);
    to.bind(group);
    to.lea(END, Address.of(K, form.group() / Integer.BYTES));
    to.cmp(DEPTH, END);
    to.jump(Assembler.Condition.NOT_BELOW, whole);
    to.mov(END, DEPTH);
    to.bind(whole);
    to.lea(WEIGHTS, Address.of(GROUP, 2 * PANEL));
    products(END);
    store(Register.RSP);
    addGroup();
    to.mov(GROUP, WEIGHTS);
    to.add(SCALES, 2 * Float.BYTES);
    to.cmp(K, DEPTH);
    to.jump(Assembler.Condition.BELOW, group);
  }

  /** Products of the words up to an end, in the first registers. */
  private void products(Register end) {
    Label turn = new Label(".Lturn");
    int blocks = rows / SIDE;
    for (int tile = 0; tile < 2 * blocks; tile++) {
      to.tilezero(tile);
    }
    to.bind(turn);
    to.tileloadd(6, new Address(WEIGHTS, WIDTH, 1, 0));
    to.tileloadd(7, new Address(WEIGHTS, WIDTH, 1, VECTOR));
    for (int block = 0; block < blocks; block++) {
      int left = 4 + block;
      to.tileloadd(left, new Address(X, DISTANCE, 1, block * SIDE * form.distance()));
      for (int half = 0; half < 2; half++) {
        if (form.kind() == NarrowTiles.Kind.BF16) {
          to.tdpbf16ps(2 * block + half, left, 6 + half);
        } else {
          to.tdpbusd(2 * block + half, left, 6 + half);
        }
      }
    }
    to.add(X, VECTOR);
    to.add(WEIGHTS, SIDE * PANEL);
    to.add(K, SIDE);
    to.cmp(K, end);
    to.jump(Assembler.Condition.BELOW, turn);
  }

  private void store(Register base) {
    for (int tile = 0; tile < 2 * rows / SIDE; tile++) {
      to.tilestored(new Address(base, WIDTH, 1, tile / 2 * SIDE * PANEL + tile % 2 * VECTOR), tile);
    }
  }

  /** As {@link ByteTileCode} adds it. */
  private void addGroup() {
    Vector zero = new Vector(4, 512);
    Vector scale = new Vector(5, 512);
    for (int i = 0; i < 4; i++) {
      to.vmovups(new Vector(i, 512), Address.of(GROUP, i * VECTOR));
    }
    for (int i = 0; i < 2 * rows; i++) {
      Vector sum = new Vector(6 + i % 8, 512);
      if (i % 2 == 0) {
        int at = i / 2 * form.distance();
        to.vector(VBROADCASTSS, scale, Address.of(SCALES, at));
        to.vector(VBROADCASTSS, zero, Address.of(SCALES, at + Float.BYTES));
      }
      to.vmovups(sum, Address.of(Register.RSP, i * VECTOR));
      to.vector(VCVTDQ2PS, sum, sum);
      to.vector(VMULPS, sum, sum, new Vector(i % 2, 512));
      to.vector(VFMADD213PS, sum, scale, Address.of(C, i * VECTOR));
      to.vector(VFNMADD231PS, sum, zero, new Vector(2 + i % 2, 512));
      to.vmovups(Address.of(C, i * VECTOR), sum);
    }
  }
}
