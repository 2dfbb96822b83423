// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * GELU(x) = x·Φ(x) in its exact form (Hendrycks and Gimpel 2016), Φ(x) = ½ erfc(-x/√2).
 *
 * <p>Computed as {@code max(0, x) - z·Q(z)} with z = |x| and Q(z) = 1 - Φ(z) (Abramowitz and Stegun
 * 26.2.3), which neither cancels nor needs an exponential: Q is a polynomial of degree 18 in t =
 * 2z/5.5 - 1 on [0, 5.5], our own minimax fit weighted by z, and z is held at 5.5, where z·Q is
 * 1e-7. The largest absolute error is 3.4e-7, most of it the rounding of x itself; relative L2
 * errors on normal inputs of any scale are below 1e-7. Both forms do the same operations in the
 * same order and so agree to the bit.
 */
final class Gelu {
  private static final float LIMIT = 5.5f;
  private static final float TO_UNIT = 2 / LIMIT;
  private static final float C0 = 0.0029797629f;
  private static final float C1 = -0.025007308f;
  private static final float C2 = 0.09455894f;
  private static final float C3 = -0.20684682f;
  private static final float C4 = 0.27188355f;
  private static final float C5 = -0.17659926f;
  private static final float C6 = -0.051521346f;
  private static final float C7 = 0.21480513f;
  private static final float C8 = -0.16160962f;
  private static final float C9 = -0.022852631f;
  private static final float C10 = 0.12719111f;
  private static final float C11 = -0.071339086f;
  private static final float C12 = -0.031161554f;
  private static final float C13 = 0.052934103f;
  private static final float C14 = -0.007983036f;
  private static final float C15 = -0.017611766f;
  private static final float C16 = 0.0071160663f;
  private static final float C17 = 0.0025176564f;
  private static final float C18 = -0.0014538753f;

  private Gelu() {}

  /** ½, the limit, the scale to the polynomial's unit, -1, the coefficients from the highest on. */
  static float[] constants() {
    return new float[] {
      0.5f, LIMIT, TO_UNIT, -1f, C18, C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5,
      C4, C3, C2, C1, C0
    };
  }

  /**
   * GELU of consecutive floats, in place. The polynomial stands in the loop, not in a method of its
   * own: that would have more bytecodes than C2 inlines, and every vector in it would be an object.
   */
  static void apply(MemorySegment values, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      FloatVector half = x.mul(0.5f);
      FloatVector positive = half.add(half.abs());
      FloatVector z = x.abs();
      z = z.blend(LIMIT, z.compare(VectorOperators.GT, LIMIT));
      FloatVector t =
          z.fma(FloatVector.broadcast(SPECIES, TO_UNIT), FloatVector.broadcast(SPECIES, -1f));
      FloatVector q =
          t.fma(FloatVector.broadcast(SPECIES, C18), FloatVector.broadcast(SPECIES, C17));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C16));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C15));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C14));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C13));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C12));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C11));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C10));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C9));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C8));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C7));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C6));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C5));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C4));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C3));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C2));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C1));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C0));
      q.fma(z.neg(), positive).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      values.set(FLOAT, at, of(values.get(FLOAT, at)));
    }
  }

  /** GELU of one number. */
  static float of(float x) {
    float half = 0.5f * x;
    float positive = half + Math.abs(half);
    float z = Math.abs(x);
    z = z > LIMIT ? LIMIT : z;
    float t = Math.fma(z, TO_UNIT, -1f);
    float q = Math.fma(t, C18, C17);
    q = Math.fma(q, t, C16);
    q = Math.fma(q, t, C15);
    q = Math.fma(q, t, C14);
    q = Math.fma(q, t, C13);
    q = Math.fma(q, t, C12);
    q = Math.fma(q, t, C11);
    q = Math.fma(q, t, C10);
    q = Math.fma(q, t, C9);
    q = Math.fma(q, t, C8);
    q = Math.fma(q, t, C7);
    q = Math.fma(q, t, C6);
    q = Math.fma(q, t, C5);
    q = Math.fma(q, t, C4);
    q = Math.fma(q, t, C3);
    q = Math.fma(q, t, C2);
    q = Math.fma(q, t, C1);
    q = Math.fma(q, t, C0);
    return Math.fma(q, -z, positive);
  }
}
