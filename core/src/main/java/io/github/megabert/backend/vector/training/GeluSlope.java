// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The derivative of the exact GELU, {@code Φ(x) + x·φ(x)}.
 *
 * <p>With z = |x| it is {@code 1 − g(z)} for positive x and {@code g(z)} for negative, {@code g(z)
 * = Q(z) − z·φ(z)}, Q being 1 − Φ (Abramowitz and Stegun 26.2.3). g is a polynomial of degree 20 in
 * t = 2z/5.6 − 1 on [0, 5.6], our own minimax fit, and z is held at 5.6, where g is −3e-7. The
 * largest absolute error is 5e-7. Both forms do the same operations in the same order and so agree
 * to the bit.
 */
final class GeluSlope {
  private static final float LIMIT = 5.6f;
  private static final float TO_UNIT = 2 / LIMIT;
  private static final float C0 = -0.019608134f;
  private static final float C1 = 0.1294336f;
  private static final float C2 = -0.333619f;
  private static final float C3 = 0.30654866f;
  private static final float C4 = 0.38451907f;
  private static final float C5 = -1.3588595f;
  private static final float C6 = 1.316629f;
  private static final float C7 = 0.22510013f;
  private static final float C8 = -1.7061923f;
  private static final float C9 = 1.3237896f;
  private static final float C10 = 0.42859817f;
  private static final float C11 = -1.3791946f;
  private static final float C12 = 0.5754388f;
  private static final float C13 = 0.6179452f;
  private static final float C14 = -0.6308031f;
  private static final float C15 = -0.10668105f;
  private static final float C16 = 0.30726033f;
  private static final float C17 = -0.015003708f;
  private static final float C18 = -0.082129575f;
  private static final float C19 = 0.006921534f;
  private static final float C20 = 0.009906496f;

  private GeluSlope() {}

  /** {@code dX = dOut · gelu′(x)}; the polynomial stands in the loop, as in GELU itself. */
  static void multiply(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, at, ORDER);
      FloatVector z = v.abs();
      z = z.blend(LIMIT, z.compare(VectorOperators.GT, LIMIT));
      FloatVector t =
          z.fma(FloatVector.broadcast(SPECIES, TO_UNIT), FloatVector.broadcast(SPECIES, -1f));
      FloatVector q =
          t.fma(FloatVector.broadcast(SPECIES, C20), FloatVector.broadcast(SPECIES, C19));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C18));
      q = q.fma(t, FloatVector.broadcast(SPECIES, C17));
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
      FloatVector upper = FloatVector.broadcast(SPECIES, 1f).sub(q);
      upper
          .blend(q, v.compare(VectorOperators.LT, 0f))
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, of(x.get(FLOAT, at)) * dOut.get(FLOAT, at));
    }
  }

  /** The derivative at one number. */
  static float of(float x) {
    float z = Math.abs(x);
    z = z > LIMIT ? LIMIT : z;
    float t = Math.fma(z, TO_UNIT, -1f);
    float q = Math.fma(t, C20, C19);
    q = Math.fma(q, t, C18);
    q = Math.fma(q, t, C17);
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
    return x < 0 ? q : 1f - q;
  }
}
