// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.RowCode.A;
import static io.github.megabert.backend.machine.RowCode.AHEAD;
import static io.github.megabert.backend.machine.RowCode.B;
import static io.github.megabert.backend.machine.RowCode.C;
import static io.github.megabert.backend.machine.VectorInstruction.VADDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VANDPS;
import static io.github.megabert.backend.machine.VectorInstruction.VDIVPS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD132PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFNMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMINPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVAPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VORPS;
import static io.github.megabert.backend.machine.VectorInstruction.VSUBPS;

/** Writes what follows a product: {@code c = f(a + b)}, or {@code c = (a + b) + residual}. */
final class EpilogueCode {
  private static final int LIMIT = 13;
  private static final int MINUS_ONE = 15;

  private EpilogueCode() {}

  /** The sums of a product and a bias a column. */
  static Assembler bias(int bits) {
    RowCode code = new RowCode(bits);
    return write(code, place -> place.store(place.of(C), sum(place)));
  }

  /** The same and the residual, which {@code ahead} is. */
  static Assembler biasAndResidual(int bits) {
    RowCode code = new RowCode(bits);
    return write(
        code,
        place -> {
          Vector x = sum(place);
          Vector residual = place.load(1, place.of(AHEAD));
          code.to.vector(VADDPS, x, x, residual);
          place.store(place.of(C), x);
        });
  }

  /** GELU of the sums with a bias; {@code ahead} are the constants. */
  static Assembler biasAndGelu(int bits, RowConstants constants) {
    RowCode code = new RowCode(bits);
    return write(
        code,
        place -> {
          gelu(code, constants, place, sum(place));
        });
  }

  /** Likewise tanh. */
  static Assembler biasAndTanh(int bits, RowConstants constants) {
    RowCode code = new RowCode(bits);
    return write(
        code,
        place -> {
          tanh(code, constants, place, sum(place));
        });
  }

  private static Assembler write(RowCode code, RowCode.Body body) {
    code.enter();
    code.to.add(AHEAD, RowCode.argument(NativeCall.AHEAD_OFFSET));
    code.rows(
        () -> {
          code.numbers(body, body);
          code.to.add(A, 2 * code.vectorBytes);
          code.to.add(AHEAD, RowCode.argument(NativeCall.STRIDE));
        });
    return code.leave();
  }

  private static Vector sum(RowCode.Place place) {
    Vector x = place.load(0, place.source());
    Vector bias = place.load(1, place.of(B));
    place.code().to.vector(VADDPS, x, x, bias);
    return x;
  }

  private static void gelu(RowCode code, RowConstants constants, RowCode.Place place, Vector x) {
    Assembler to = code.to;
    Vector z = place.register(2);
    Vector positive = place.register(3);
    Vector t = place.register(4);
    Vector q = place.register(5);
    Vector limit = place.register(LIMIT);
    Vector minusOne = place.register(MINUS_ONE);
    to.vmovups(limit, code.constant(constants.gelu(1)));
    to.vmovups(minusOne, code.constant(constants.gelu(3)));
    to.vmovups(q, code.constant(constants.gelu(4)));
    to.vector(VMULPS, positive, x, code.constant(constants.gelu(0)));
    to.vector(VANDPS, z, positive, code.constant(RowConstants.ABSOLUTE));
    to.vector(VADDPS, positive, positive, z);
    to.vector(VANDPS, z, x, code.constant(RowConstants.ABSOLUTE));
    // The second operand is the result where either is no number.
    to.vector(VMINPS, z, limit, z);
    to.vector(VMOVAPS, t, z);
    to.vector(VFMADD132PS, t, minusOne, code.constant(constants.gelu(2)));
    for (int i = 5; i < constants.gelu().length; i++) {
      to.vector(VFMADD213PS, q, t, code.constant(constants.gelu(i)));
    }
    to.vector(VFNMADD213PS, q, z, positive);
    place.store(place.of(C), q);
  }

  private static void tanh(RowCode code, RowConstants constants, RowCode.Place place, Vector x) {
    Assembler to = code.to;
    Vector z = place.register(6);
    Vector small = place.register(7);
    Vector square = place.register(8);
    Vector twice = place.register(1);
    Vector signed = place.register(9);
    to.vector(VANDPS, z, x, code.constant(RowConstants.ABSOLUTE));
    to.vector(VMULPS, square, x, x);
    to.vmovups(small, code.constant(constants.tanh(1)));
    for (int i = 2; i < 6; i++) {
      to.vector(VFMADD213PS, small, square, code.constant(constants.tanh(i)));
    }
    to.vector(VMULPS, small, small, square);
    to.vector(VFMADD213PS, small, x, x);
    // Beyond the highest the result is 1 in any case.
    to.vmovups(twice, code.constant(constants.tanh(7)));
    to.vector(VMINPS, twice, twice, z);
    to.vector(VADDPS, twice, twice, twice);
    to.vmovups(place.register(LIMIT), ExponentialCode.rounder(code));
    Vector e = ExponentialCode.write(place, twice, LIMIT);
    to.vector(VADDPS, e, e, ExponentialCode.one(code));
    to.vmovups(signed, code.constant(constants.tanh(6)));
    to.vector(VDIVPS, signed, signed, e);
    to.vmovups(e, ExponentialCode.one(code));
    to.vector(VSUBPS, signed, e, signed);
    to.vector(VANDPS, e, x, code.constant(RowConstants.NEGATIVE));
    to.vector(VORPS, signed, signed, e);
    to.zeroWhere(true, signed, z, code.constant(constants.tanh(0)), e);
    to.zeroWhere(false, small, z, code.constant(constants.tanh(0)), e);
    to.vector(VORPS, signed, signed, small);
    place.store(place.of(C), signed);
  }
}
