// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * eˣ by the classical reduction {@code x = n·ln 2 + r} (Cody and Waite, "Software Manual for the
 * Elementary Functions", 1980, ch. 6): {@code 2ⁿ·p(r)} with a polynomial of degree 6.
 *
 * <p>The coefficients are our own minimax fit of (eʳ - 1 - r)/r² on |r| ≤ ½ ln 2: relative error
 * 3e-9, so the result is right to about one unit in the last place. Below -87.33 the result, which
 * would be subnormal, is 0; above 88.37 it is infinite. Both forms do the same operations in the
 * same order and so agree to the bit.
 */
public final class Exponential {
  private static final float LOG2_E = 1.442695f;

  /** 1.5·2²³: added to a small number it leaves the nearest integer in the low bits. */
  private static final float ROUNDER = 0x1.8p23f;

  /** ln 2 in two parts; the first has trailing zeros, so that n times it is exact. */
  private static final float LN2_HIGH = 0x1.62e4p-1f;

  private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);
  private static final float LOWEST = -87.33f;
  private static final float HIGHEST = 88.37f;
  private static final float C2 = 0.49999994f;
  private static final float C3 = 0.1666652f;
  private static final float C4 = 0.041668393f;
  private static final float C5 = 0.008368781f;
  private static final float C6 = 0.0013814467f;

  private Exponential() {}

  /**
   * log₂ e, the rounder, -ln 2 in two parts, the coefficients from the highest on, the lowest x.
   */
  static float[] constants() {
    return new float[] {LOG2_E, ROUNDER, -LN2_HIGH, -LN2_LOW, C6, C5, C4, C3, C2, 1f, LOWEST};
  }

  /** eˣ of every lane. */
  public static FloatVector of(FloatVector x) {
    FloatVector shifted =
        x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUNDER));
    FloatVector n = shifted.sub(ROUNDER);
    FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x);
    r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
    FloatVector p = r.fma(FloatVector.broadcast(SPECIES, C6), FloatVector.broadcast(SPECIES, C5));
    p = p.fma(r, FloatVector.broadcast(SPECIES, C4));
    p = p.fma(r, FloatVector.broadcast(SPECIES, C3));
    p = p.fma(r, FloatVector.broadcast(SPECIES, C2));
    p = p.fma(r, FloatVector.broadcast(SPECIES, 1f));
    p = p.fma(r, FloatVector.broadcast(SPECIES, 1f));
    FloatVector power =
        shifted
            .reinterpretAsInts()
            .add(127)
            .lanewise(VectorOperators.LSHL, 23)
            .reinterpretAsFloats();
    return p.mul(power)
        .blend(0f, x.compare(VectorOperators.LT, LOWEST))
        .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, HIGHEST));
  }

  /** eˣ of one number. */
  public static float of(float x) {
    if (x < LOWEST) {
      return 0;
    }
    if (x > HIGHEST) {
      return Float.POSITIVE_INFINITY;
    }
    float shifted = Math.fma(x, LOG2_E, ROUNDER);
    float n = shifted - ROUNDER;
    float r = Math.fma(n, -LN2_HIGH, x);
    r = Math.fma(n, -LN2_LOW, r);
    float p = Math.fma(r, C6, C5);
    p = Math.fma(p, r, C4);
    p = Math.fma(p, r, C3);
    p = Math.fma(p, r, C2);
    p = Math.fma(p, r, 1f);
    p = Math.fma(p, r, 1f);
    return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) + 127) << 23);
  }
}
