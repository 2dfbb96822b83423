// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static io.github.megabert.backend.machine.VectorInstruction.VFMADD132PS;
import static io.github.megabert.backend.machine.VectorInstruction.VFMADD213PS;
import static io.github.megabert.backend.machine.VectorInstruction.VMOVAPS;
import static io.github.megabert.backend.machine.VectorInstruction.VMULPS;
import static io.github.megabert.backend.machine.VectorInstruction.VPADDD;
import static io.github.megabert.backend.machine.VectorInstruction.VSUBPS;

/**
 * Writes eˣ of lanes that are below 88, with the constants that {@code ahead} is. The registers 2
 * to 5 are overwritten.
 */
final class ExponentialCode {
  private static final int LOG2_E = 0;
  private static final int ROUNDER = 1;
  private static final int LN2_HIGH = 2;
  private static final int LN2_LOW = 3;
  private static final int HIGHEST_COEFFICIENT = 4;
  private static final int ONE = 9;
  private static final int TOO_LOW = 10;

  private ExponentialCode() {}

  /** What the register of rounders has to hold. */
  static Address rounder(RowCode code) {
    return at(code, ROUNDER);
  }

  static Address one(RowCode code) {
    return at(code, ONE);
  }

  /**
   * Computes it.
   *
   * @param rounders the number of a register
   * @return the result, in register 5
   */
  static Vector write(RowCode.Place place, Vector x, int rounders) {
    RowCode code = place.code();
    Assembler to = code.to;
    Vector shifted = place.register(2);
    Vector n = place.register(3);
    Vector r = place.register(4);
    Vector p = place.register(5);
    Vector rounder = place.register(rounders);
    to.vector(VMOVAPS, shifted, x);
    to.vector(VFMADD132PS, shifted, rounder, at(code, LOG2_E));
    to.vector(VSUBPS, n, shifted, rounder);
    to.vector(VMOVAPS, r, n);
    to.vector(VFMADD132PS, r, x, at(code, LN2_HIGH));
    to.vector(VFMADD132PS, n, r, at(code, LN2_LOW));
    to.vmovups(p, at(code, HIGHEST_COEFFICIENT));
    for (int i = HIGHEST_COEFFICIENT + 1; i <= ONE; i++) {
      to.vector(VFMADD213PS, p, n, at(code, i));
    }
    to.vector(VFMADD213PS, p, n, at(code, ONE));
    to.vector(VPADDD, shifted, shifted, code.constant(RowConstants.EXPONENT_BIAS));
    to.vpslld(shifted, shifted, 23);
    to.vector(VMULPS, p, p, shifted);
    to.zeroWhere(true, p, x, at(code, TOO_LOW), r);
    return p;
  }

  private static Address at(RowCode code, int i) {
    return code.constant(RowConstants.EXPONENTIAL + i);
  }
}
