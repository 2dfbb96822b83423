// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.RowCode.A;
import static io.github.megabert.backend.machine.RowCode.AHEAD;
import static io.github.megabert.backend.machine.RowCode.B;
import static io.github.megabert.backend.machine.RowCode.C;
import static io.github.megabert.backend.machine.RowCode.narrow;
import static io.github.megabert.backend.machine.VectorInstruction.VADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VADDSD;
import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTSD2SS;
import static io.github.megabert.backend.machine.VectorInstruction.VCVTSS2SD;
import static io.github.megabert.backend.machine.VectorInstruction.VDIVSD;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD231PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMAXSD;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSD;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULSD;
import static io.github.megabert.backend.machine.VectorInstruction.VSQRTSD;
import static io.github.megabert.backend.machine.VectorInstruction.VSUBPS;
import static io.github.megabert.backend.machine.VectorInstruction.VSUBSD;

/**
 * Writes LayerNorm of rows: {@code c = (a - mean - correction) · inverse · b + ahead}. Sums over
 * lanes are in binary32, what follows from them is in binary64, in the order of the other forms.
 * One is passed in {@code number} as the bits of a binary64: eps.
 */
final class LayerNormCode {
  private static final int MEAN = 8;
  private static final int CORRECTION = 9;
  private static final int INVERSE = 10;

  private final RowCode code;
  private final Assembler to;

  private LayerNormCode(int bits) {
    code = new RowCode(bits);
    to = code.to;
  }

  static Assembler write(int bits) {
    LayerNormCode normalization = new LayerNormCode(bits);
    RowCode code = normalization.code;
    code.enter();
    code.to.add(AHEAD, RowCode.argument(NativeCall.AHEAD_OFFSET));
    code.rows(normalization::row);
    return code.leave();
  }

  private void row() {
    to.vcvtsi2sd(narrow(15), RowCode.COLUMNS);
    to.clear(RowCode.INDEX);
    to.add(RowCode.INDEX, 1);
    to.vcvtsi2sd(narrow(14), RowCode.INDEX);
    mean();
    moments();
    RowCode.Body scale = this::scale;
    code.numbers(scale, scale);
    to.add(A, RowCode.argument(NativeCall.STRIDE));
  }

  private void mean() {
    to.vclear(code.wide(0));
    to.vclear(code.wide(1));
    code.panels(
        place -> {
          Vector sum = code.wide(place.vector());
          to.vector(VADDPS, sum, sum, place.source());
        });
    to.vector(VADDPS, code.wide(0), code.wide(0), code.wide(1));
    Vector sum = toDouble(code.sum(0, 6));
    code.singles(place -> addTo(sum, toDouble(place.load(1, place.source()))));
    to.vector(VDIVSD, sum, sum, narrow(15));
    broadcast(MEAN, sum);
  }

  /** The correction and the inverse. */
  private void moments() {
    Vector mean = code.wide(MEAN);
    to.vclear(code.wide(0));
    to.vclear(code.wide(1));
    RowCode.Body vectors =
        place -> {
          Vector difference = place.load(2, place.source());
          to.vector(VSUBPS, difference, difference, mean);
          to.vector(VFMADD231PS, code.wide(0), difference, difference);
          to.vector(VADDPS, code.wide(1), code.wide(1), difference);
        };
    code.panels(vectors);
    code.halfPanel(vectors);
    Vector squares = toDouble(code.sum(0, 6));
    Vector rest = toDouble(code.sum(1, 6));
    code.singles(
        place -> {
          Vector difference = place.load(2, place.source());
          to.vector(VSUBPS, difference, difference, narrow(MEAN));
          toDouble(difference);
          addTo(rest, difference);
          to.vector(VMULSD, difference, difference, difference);
          addTo(squares, difference);
        });
    to.vector(VDIVSD, rest, rest, narrow(15));
    to.vector(VDIVSD, squares, squares, narrow(15));
    to.vector(VMULSD, narrow(2), rest, rest);
    to.vector(VSUBSD, squares, squares, narrow(2));
    to.vclear(narrow(2));
    // The second operand is the result where either is no number.
    to.vector(VMAXSD, squares, narrow(2), squares);
    to.vector(VMOVSD, narrow(2), RowCode.argument(NativeCall.NUMBER));
    to.vector(VADDSD, squares, squares, narrow(2));
    to.vector(VSQRTSD, squares, squares, squares);
    to.vector(VDIVSD, narrow(2), narrow(14), squares);
    broadcast(CORRECTION, rest);
    broadcast(INVERSE, narrow(2));
  }

  private void scale(RowCode.Place place) {
    Vector x = place.load(0, place.source());
    Vector weight = place.load(1, place.of(B));
    Vector bias = place.load(2, place.of(AHEAD));
    to.vector(VSUBPS, x, x, place.register(MEAN));
    to.vector(VSUBPS, x, x, place.register(CORRECTION));
    to.vector(VMULPS, x, x, place.register(INVERSE));
    to.vector(VFMADD213PS, x, weight, bias);
    place.store(place.of(C), x);
  }

  private Vector toDouble(Vector number) {
    to.vector(VCVTSS2SD, number, number, number);
    return number;
  }

  private void addTo(Vector sum, Vector number) {
    to.vector(VADDSD, sum, sum, number);
  }

  private void broadcast(int register, Vector from) {
    to.vector(VCVTSD2SS, from, from, from);
    to.vector(VBROADCASTSS, code.wide(register), from);
  }
}
