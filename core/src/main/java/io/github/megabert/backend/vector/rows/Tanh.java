// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * tanh(x): an odd polynomial below 0.625, {@code 1 - 2/(e²ˣ + 1)} above, as Cody and Waite 1980,
 * ch. 13, divide it.
 *
 * <p>The coefficients are our own minimax fit of (tanh(x)/x - 1)/x² in x². Both forms do the same
 * operations in the same order and so agree to the bit.
 */
final class Tanh {
  private static final float SMALL = 0.625f;
  private static final float C0 = -0.3333328f;
  private static final float C1 = 0.13331442f;
  private static final float C2 = -0.053739704f;
  private static final float C3 = 0.020639053f;
  private static final float C4 = -0.005704947f;

  private Tanh() {}

  /** Where the polynomial ends, its coefficients from the highest on, 2, and where tanh is 1. */
  static float[] constants() {
    return new float[] {SMALL, C4, C3, C2, C1, C0, 2f, 40f};
  }

  /** tanh of every lane. */
  static FloatVector of(FloatVector x) {
    FloatVector z = x.abs();
    FloatVector u = x.mul(x);
    FloatVector p = u.fma(FloatVector.broadcast(SPECIES, C4), FloatVector.broadcast(SPECIES, C3));
    p = p.fma(u, FloatVector.broadcast(SPECIES, C2));
    p = p.fma(u, FloatVector.broadcast(SPECIES, C1));
    p = p.fma(u, FloatVector.broadcast(SPECIES, C0));
    FloatVector small = p.mul(u).fma(x, x);
    FloatVector e = Exponential.of(z.add(z));
    FloatVector large =
        FloatVector.broadcast(SPECIES, 1f).sub(FloatVector.broadcast(SPECIES, 2f).div(e.add(1f)));
    FloatVector signed = large.blend(large.neg(), x.compare(VectorOperators.LT, 0f));
    return signed.blend(small, z.compare(VectorOperators.LT, SMALL));
  }

  /** tanh of one number. */
  static float of(float x) {
    float z = Math.abs(x);
    if (z < SMALL) {
      float u = x * x;
      float p = Math.fma(u, C4, C3);
      p = Math.fma(p, u, C2);
      p = Math.fma(p, u, C1);
      p = Math.fma(p, u, C0);
      return Math.fma(p * u, x, x);
    }
    float large = 1f - 2f / (Exponential.of(z + z) + 1f);
    return x < 0 ? -large : large;
  }
}
