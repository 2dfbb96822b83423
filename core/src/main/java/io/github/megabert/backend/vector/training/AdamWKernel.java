// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** AdamW on consecutive elements of four matrices, in one pass. */
public final class AdamWKernel extends Kernel {
  /** The kernel. */
  public static final AdamWKernel KERNEL = new AdamWKernel();

  /**
   * The numbers of a step, as the loop wants them.
   *
   * @param gradientScale factor of the gradient
   * @param beta1 decay of the first moment
   * @param rest1 {@code 1 − β₁}
   * @param beta2 decay of the second moment
   * @param rest2 {@code 1 − β₂}
   * @param keep {@code 1 − rate · decay}
   * @param rate {@code − rate / (1 − β₁ᵗ)}
   * @param rootScale {@code 1 / √(1 − β₂ᵗ)}
   * @param eps added to the root
   */
  public record Constants(
      float gradientScale,
      float beta1,
      float rest1,
      float beta2,
      float rest2,
      float keep,
      float rate,
      float rootScale,
      float eps) {}

  private AdamWKernel() {}

  /** Updates {@code count} elements that begin at one offset in all four. */
  public static void update(
      Forms forms,
      Constants step,
      MemorySegment value,
      MemorySegment gradient,
      MemorySegment first,
      MemorySegment second,
      long offset,
      int count) {
    if (KERNEL.isVector(forms)) {
      vector(step, value, gradient, first, second, offset, count);
    } else {
      plain(step, value, gradient, first, second, offset, count);
    }
  }

  private static void plain(
      Constants step,
      MemorySegment value,
      MemorySegment gradient,
      MemorySegment first,
      MemorySegment second,
      long offset,
      int count) {
    float[] x = FloatArrays.read(value, offset, count);
    float[] g = FloatArrays.read(gradient, offset, count);
    float[] m = FloatArrays.read(first, offset, count);
    float[] v = FloatArrays.read(second, offset, count);
    for (int i = 0; i < count; i++) {
      float slope = g[i] * step.gradientScale;
      m[i] = Math.fma(slope, step.rest1, m[i] * step.beta1);
      v[i] = Math.fma(slope * slope, step.rest2, v[i] * step.beta2);
      float root = Math.fma((float) Math.sqrt(v[i]), step.rootScale, step.eps);
      x[i] = Math.fma(m[i] / root, step.rate, x[i] * step.keep);
    }
    FloatArrays.write(x, value, offset);
    FloatArrays.write(m, first, offset);
    FloatArrays.write(v, second, offset);
  }

  private static void vector(
      Constants step,
      MemorySegment value,
      MemorySegment gradient,
      MemorySegment first,
      MemorySegment second,
      long offset,
      int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector slope =
          FloatVector.fromMemorySegment(SPECIES, gradient, at, ORDER).mul(step.gradientScale);
      FloatVector m =
          slope.fma(
              FloatVector.broadcast(SPECIES, step.rest1),
              FloatVector.fromMemorySegment(SPECIES, first, at, ORDER).mul(step.beta1));
      FloatVector v =
          slope
              .mul(slope)
              .fma(
                  FloatVector.broadcast(SPECIES, step.rest2),
                  FloatVector.fromMemorySegment(SPECIES, second, at, ORDER).mul(step.beta2));
      FloatVector root =
          v.sqrt()
              .fma(
                  FloatVector.broadcast(SPECIES, step.rootScale),
                  FloatVector.broadcast(SPECIES, step.eps));
      m.intoMemorySegment(first, at, ORDER);
      v.intoMemorySegment(second, at, ORDER);
      m.div(root)
          .fma(
              FloatVector.broadcast(SPECIES, step.rate),
              FloatVector.fromMemorySegment(SPECIES, value, at, ORDER).mul(step.keep))
          .intoMemorySegment(value, at, ORDER);
    }
    for (; i < count; i++) {
      updateOne(step, value, gradient, first, second, offset + (long) i * Float.BYTES);
    }
  }

  private static void updateOne(
      Constants step,
      MemorySegment value,
      MemorySegment gradient,
      MemorySegment first,
      MemorySegment second,
      long at) {
    float slope = gradient.get(FLOAT, at) * step.gradientScale;
    float m = Math.fma(slope, step.rest1, first.get(FLOAT, at) * step.beta1);
    float v = Math.fma(slope * slope, step.rest2, second.get(FLOAT, at) * step.beta2);
    float root = Math.fma((float) Math.sqrt(v), step.rootScale, step.eps);
    first.set(FLOAT, at, m);
    second.set(FLOAT, at, v);
    value.set(FLOAT, at, Math.fma(m / root, step.rate, value.get(FLOAT, at) * step.keep));
  }

  private static final Constants EXERCISE =
      new Constants(0.5f, 0.9f, 0.1f, 0.99f, 0.01f, 0.9f, -1e-3f, 2, 1e-8f);

  @Override
  protected void exercise(Operands on) {
    vector(EXERCISE, on.scratch(), on.input(), on.output(), on.weights(), 0, on.count());
  }
}
