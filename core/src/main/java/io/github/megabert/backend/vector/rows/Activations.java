// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link Activation}s of consecutive floats, in place: whole vectors, then the rest one by one.
 * Both forms of a function do the same operations, so a number's result does not depend on its
 * place.
 *
 * <p>The functions with tanh use {@code ½(1 + tanh u) = 1/(1 + e⁻²ᵘ)}, which is shorter and exact.
 */
public final class Activations {
  /** 2√(2/π). */
  private static final float TWICE_ROOT = 1.5957692f;

  private static final float CUBIC = 0.044715f;
  private static final float QUICK = 1.702f;

  /** Above, tanh(ln(1 + eˣ)) is 1 in float. */
  private static final float MISH_LINEAR = 20f;

  private Activations() {}

  /** Replaces {@code count} floats by their activations. */
  public static void apply(Activation activation, MemorySegment values, long offset, int count) {
    switch (activation) {
      case IDENTITY -> {}
      case GELU -> Gelu.apply(values, offset, count);
      case GELU_NEW, GELU_PYTORCH_TANH, GELU_FAST -> geluTanh(values, offset, count);
      case QUICK_GELU -> logistic(values, offset, count, QUICK);
      case SILU, SWISH -> logistic(values, offset, count, 1f);
      case RELU -> relu(values, offset, count);
      case TANH -> tanh(values, offset, count);
      case MISH -> mish(values, offset, count);
      case GELU_10, RELU2, RELU6, LEAKY_RELU, SIGMOID, HARDSWISH, LAPLACE, SQRT_SOFTPLUS ->
          RareActivations.apply(activation, values, offset, count);
    }
  }

  /** Replaces all floats by their activations, one by one. */
  public static void apply(Activation activation, float[] values) {
    for (int i = 0; i < values.length; i++) {
      float x = values[i];
      values[i] =
          switch (activation) {
            case IDENTITY -> x;
            case GELU -> Gelu.of(x);
            case GELU_NEW, GELU_PYTORCH_TANH, GELU_FAST -> geluTanh(x);
            case QUICK_GELU -> x / (Exponential.of(x * -QUICK) + 1f);
            case SILU, SWISH -> x / (Exponential.of(-x) + 1f);
            case RELU -> x < 0 ? 0 : x;
            case TANH -> Tanh.of(x);
            case MISH -> mish(x);
            case GELU_10, RELU2, RELU6, LEAKY_RELU, SIGMOID, HARDSWISH, LAPLACE, SQRT_SOFTPLUS ->
                RareActivations.of(activation, x);
          };
    }
  }

  private static void geluTanh(MemorySegment values, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      geluTanh(x).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float x = values.get(FLOAT, at);
      values.set(FLOAT, at, geluTanh(x));
    }
  }

  private static FloatVector geluTanh(FloatVector x) {
    FloatVector inner =
        x.mul(x).fma(FloatVector.broadcast(SPECIES, CUBIC), FloatVector.broadcast(SPECIES, 1f));
    return x.div(Exponential.of(inner.mul(x).mul(-TWICE_ROOT)).add(1f));
  }

  private static float geluTanh(float x) {
    float inner = Math.fma(x * x, CUBIC, 1f);
    return x / (Exponential.of(inner * x * -TWICE_ROOT) + 1f);
  }

  private static void logistic(MemorySegment values, long offset, int count, float slope) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      x.div(Exponential.of(x.mul(-slope)).add(1f)).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float x = values.get(FLOAT, at);
      values.set(FLOAT, at, x / (Exponential.of(x * -slope) + 1f));
    }
  }

  private static void relu(MemorySegment values, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      x.blend(0f, x.compare(VectorOperators.LT, 0f)).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float x = values.get(FLOAT, at);
      values.set(FLOAT, at, x < 0 ? 0 : x);
    }
  }

  private static void tanh(MemorySegment values, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      Tanh.of(x).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float x = values.get(FLOAT, at);
      values.set(FLOAT, at, Tanh.of(x));
    }
  }

  private static void mish(MemorySegment values, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at, ORDER);
      mish(x).intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float x = values.get(FLOAT, at);
      values.set(FLOAT, at, mish(x));
    }
  }

  private static FloatVector mish(FloatVector x) {
    FloatVector held = x.blend(MISH_LINEAR, x.compare(VectorOperators.GT, MISH_LINEAR));
    FloatVector e = Exponential.of(held);
    FloatVector w = e.mul(e.add(2f));
    return x.mul(w.div(w.add(2f)));
  }

  private static float mish(float x) {
    float e = Exponential.of(x > MISH_LINEAR ? MISH_LINEAR : x);
    float w = e * (e + 2f);
    return x * (w / (w + 2f));
  }
}
