// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.RowCode.A;
import static io.github.megabert.backend.machine.RowCode.AHEAD;
import static io.github.megabert.backend.machine.RowCode.B;
import static io.github.megabert.backend.machine.RowCode.C;
import static io.github.megabert.backend.machine.RowCode.INDEX;
import static io.github.megabert.backend.machine.RowCode.narrow;
import static io.github.megabert.backend.machine.VectorInstruction.VADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VADDSS;
import static io.github.megabert.backend.machine.VectorInstruction.VBROADCASTSS;
import static io.github.megabert.backend.machine.VectorInstruction.VDIVSS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMAXPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVAPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVSS_TO;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VXORPS;

/**
 * Writes the terms of a softmax, {@code c = exp((a - max) · scale)} of rows, and {@code b = 1 / Σ}
 * of each. Behind the terms zeros follow up to a number of columns that the offset of {@code ahead}
 * tells; {@code ahead} are the constants, {@code number} is the scale.
 */
final class SoftmaxCode {
  // Registers that keep their contents.
  private static final int SUM = 0;
  private static final int FACTOR = 8;
  private static final int SHIFT = 9;
  private static final int ROUNDERS = 10;

  private final RowCode code;
  private final Assembler to;

  private SoftmaxCode(int bits) {
    code = new RowCode(bits);
    to = code.to;
  }

  static Assembler write(int bits) {
    SoftmaxCode softmax = new SoftmaxCode(bits);
    RowCode code = softmax.code;
    code.enter();
    code.to.vector(VBROADCASTSS, code.wide(FACTOR), RowCode.argument(NativeCall.NUMBER));
    code.to.vmovups(code.wide(ROUNDERS), ExponentialCode.rounder(code));
    code.rows(softmax::row);
    return code.leave();
  }

  private void row() {
    shift();
    to.vclear(code.wide(SUM));
    RowCode.Body vectors =
        place -> to.vector(VADDPS, code.wide(SUM), code.wide(SUM), exponential(place));
    code.panels(vectors);
    code.halfPanel(vectors);
    Vector sum = code.sum(SUM, 6);
    code.singles(place -> to.vector(VADDSS, sum, sum, exponential(place)));
    to.vmovups(narrow(1), ExponentialCode.one(code));
    to.vector(VDIVSS, narrow(1), narrow(1), sum);
    to.store(VMOVSS_TO, Address.of(B), narrow(1));
    zeros();
    to.add(B, Float.BYTES);
    to.add(A, RowCode.argument(NativeCall.STRIDE));
  }

  /** The largest number's part: {@code -max · scale}. */
  private void shift() {
    to.vmovups(code.wide(0), Address.of(AHEAD, RowConstants.LOWEST * code.vectorBytes));
    to.vector(VMOVAPS, code.wide(7), code.wide(0));
    RowCode.Body vectors =
        place -> to.vector(VMAXPS, code.wide(0), code.wide(0), place.load(1, place.source()));
    code.panels(vectors);
    code.halfPanel(vectors);
    Vector max = code.max(0, 1);
    code.singles(place -> to.vector(VMAXPS, narrow(7), narrow(7), place.load(1, place.source())));
    to.vector(VMAXPS, max, max, narrow(7));
    to.vector(VBROADCASTSS, code.wide(SHIFT), max);
    Address sign = Address.of(AHEAD, RowConstants.NEGATIVE * code.vectorBytes);
    to.vector(VXORPS, code.wide(SHIFT), code.wide(SHIFT), sign);
    to.vector(VMULPS, code.wide(SHIFT), code.wide(SHIFT), code.wide(FACTOR));
  }

  /** Computes and stores the terms of some numbers. */
  private Vector exponential(RowCode.Place place) {
    Vector x = place.load(1, place.source());
    to.vector(VFMADD213PS, x, place.register(FACTOR), place.register(SHIFT));
    Vector p = ExponentialCode.write(place, x, ROUNDERS);
    place.store(place.of(C), p);
    return p;
  }

  private void zeros() {
    Label turn = code.label("zero");
    Label end = code.label("zeros");
    to.vclear(narrow(1));
    to.mov(RowCode.SPARE, RowCode.argument(NativeCall.AHEAD_OFFSET));
    to.cmp(INDEX, RowCode.SPARE);
    to.jump(Assembler.Condition.NOT_BELOW, end);
    to.bind(turn);
    to.store(VMOVSS_TO, new Address(C, INDEX, Float.BYTES, 0), narrow(1));
    to.add(INDEX, 1);
    to.cmp(INDEX, RowCode.SPARE);
    to.jump(Assembler.Condition.BELOW, turn);
    to.bind(end);
  }
}
