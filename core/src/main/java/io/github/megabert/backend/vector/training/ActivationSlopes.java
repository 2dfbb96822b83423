// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.scalar.ScalarActivations;
import io.github.megabert.backend.vector.rows.Exponential;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Derivatives of {@link Activation}s, times the output's gradient: whole vectors, then the rest one
 * by one. Both forms of a function do the same operations.
 *
 * <p>All are written with {@code e = e⁻ᵘ} and {@code s = 1/(1 + e) = σ(u)}, so that {@code σ′ =
 * e·s²} does not cancel. Arguments are held where the derivative has reached its limit and e is
 * finite.
 */
final class ActivationSlopes {
  /** 2√(2/π). */
  private static final float TWICE_ROOT = 1.5957692f;

  private static final float CUBIC = 0.044715f;
  private static final float QUICK = 1.702f;

  /** Beyond, the tanh form of GELU is linear. */
  private static final float TANH_LIMIT = 10f;

  /** Beyond, σ is 0 or 1. */
  private static final float LOGISTIC_LIMIT = 87f;

  /** Above, tanh(ln(1 + eˣ)) is 1 in float. */
  private static final float MISH_LIMIT = 20f;

  private ActivationSlopes() {}

  /** {@code dX = dOut · activation′(x)}; dX may be dOut. All begin at one offset. */
  static void multiply(
      Activation activation,
      MemorySegment x,
      MemorySegment dOut,
      MemorySegment dX,
      long offset,
      int count) {
    switch (activation) {
      case IDENTITY -> MemorySegment.copy(dOut, offset, dX, offset, (long) count * Float.BYTES);
      case GELU -> GeluSlope.multiply(x, dOut, dX, offset, count);
      case GELU_NEW, GELU_PYTORCH_TANH, GELU_FAST -> geluTanh(x, dOut, dX, offset, count);
      case QUICK_GELU -> logistic(x, dOut, dX, offset, count, QUICK);
      case SILU, SWISH -> logistic(x, dOut, dX, offset, count, 1f);
      case RELU -> relu(x, dOut, dX, offset, count);
      case TANH -> tanh(x, dOut, dX, offset, count);
      case MISH -> mish(x, dOut, dX, offset, count);
      case GELU_10, RELU2, RELU6, LEAKY_RELU, SIGMOID, HARDSWISH, LAPLACE, SQRT_SOFTPLUS -> {
        for (int i = 0; i < count; i++) {
          long at = offset + (long) i * Float.BYTES;
          dX.set(FLOAT, at, of(activation, x.get(FLOAT, at)) * dOut.get(FLOAT, at));
        }
      }
    }
  }

  /** The derivative at one number. */
  static float of(Activation activation, float x) {
    return switch (activation) {
      case IDENTITY -> 1;
      case GELU -> GeluSlope.of(x);
      case GELU_NEW, GELU_PYTORCH_TANH, GELU_FAST -> geluTanh(x);
      case QUICK_GELU -> logistic(x, QUICK);
      case SILU, SWISH -> logistic(x, 1f);
      case RELU -> relu(x);
      case TANH -> tanh(x);
      case MISH -> mish(x);
      // Rare, and not worth a vector form.
      case GELU_10, RELU2, RELU6, LEAKY_RELU, SIGMOID, HARDSWISH, LAPLACE, SQRT_SOFTPLUS ->
          (float) ScalarActivations.derivative(activation, x);
    };
  }

  private static void geluTanh(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      geluTanh(FloatVector.fromMemorySegment(SPECIES, x, at, ORDER))
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, geluTanh(x.get(FLOAT, at)) * dOut.get(FLOAT, at));
    }
  }

  private static FloatVector geluTanh(FloatVector x) {
    FloatVector held = hold(x, -TANH_LIMIT, TANH_LIMIT);
    FloatVector square = held.mul(held);
    FloatVector inner =
        square.fma(FloatVector.broadcast(SPECIES, CUBIC), FloatVector.broadcast(SPECIES, 1f));
    FloatVector e = Exponential.of(inner.mul(held).mul(-TWICE_ROOT));
    FloatVector s = FloatVector.broadcast(SPECIES, 1f).div(e.add(1f));
    FloatVector slope =
        square
            .fma(FloatVector.broadcast(SPECIES, 3 * CUBIC), FloatVector.broadcast(SPECIES, 1f))
            .mul(TWICE_ROOT);
    return e.mul(s).mul(s).mul(slope).fma(held, s);
  }

  private static float geluTanh(float x) {
    float held = hold(x, -TANH_LIMIT, TANH_LIMIT);
    float square = held * held;
    float inner = Math.fma(square, CUBIC, 1f);
    float e = Exponential.of(inner * held * -TWICE_ROOT);
    float s = 1f / (e + 1f);
    float slope = Math.fma(square, 3 * CUBIC, 1f) * TWICE_ROOT;
    return Math.fma(e * s * s * slope, held, s);
  }

  private static void logistic(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count, float slope) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      logistic(FloatVector.fromMemorySegment(SPECIES, x, at, ORDER), slope)
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, logistic(x.get(FLOAT, at), slope) * dOut.get(FLOAT, at));
    }
  }

  /** Of {@code x·σ(slope·x)}. */
  private static FloatVector logistic(FloatVector x, float slope) {
    FloatVector u = hold(x.mul(slope), -LOGISTIC_LIMIT, LOGISTIC_LIMIT);
    FloatVector e = Exponential.of(u.neg());
    FloatVector s = FloatVector.broadcast(SPECIES, 1f).div(e.add(1f));
    return e.mul(s).mul(s).fma(u, s);
  }

  private static float logistic(float x, float slope) {
    float u = hold(x * slope, -LOGISTIC_LIMIT, LOGISTIC_LIMIT);
    float e = Exponential.of(-u);
    float s = 1f / (e + 1f);
    return Math.fma(e * s * s, u, s);
  }

  private static void relu(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      relu(FloatVector.fromMemorySegment(SPECIES, x, at, ORDER))
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, relu(x.get(FLOAT, at)) * dOut.get(FLOAT, at));
    }
  }

  private static FloatVector relu(FloatVector x) {
    return FloatVector.zero(SPECIES).blend(1f, x.compare(VectorOperators.GT, 0f));
  }

  private static float relu(float x) {
    return x > 0 ? 1 : 0;
  }

  private static void tanh(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      tanh(FloatVector.fromMemorySegment(SPECIES, x, at, ORDER))
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, tanh(x.get(FLOAT, at)) * dOut.get(FLOAT, at));
    }
  }

  /** {@code 1 − tanh² = 4e·s²} with {@code u = 2|x|}. */
  private static FloatVector tanh(FloatVector x) {
    FloatVector e = Exponential.of(x.abs().mul(-2f));
    FloatVector s = FloatVector.broadcast(SPECIES, 2f).div(e.add(1f));
    return e.mul(s).mul(s);
  }

  private static float tanh(float x) {
    float e = Exponential.of(Math.abs(x) * -2f);
    float s = 2f / (e + 1f);
    return e * s * s;
  }

  private static void mish(
      MemorySegment x, MemorySegment dOut, MemorySegment dX, long offset, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      mish(FloatVector.fromMemorySegment(SPECIES, x, at, ORDER))
          .mul(FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER))
          .intoMemorySegment(dX, at, ORDER);
    }
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      dX.set(FLOAT, at, mish(x.get(FLOAT, at)) * dOut.get(FLOAT, at));
    }
  }

  /**
   * With {@code e = eˣ} and {@code w = e(e + 2)}, tanh(ln(1 + e)) is {@code w/(w + 2)}, and its
   * derivative {@code 4e(1 + e)/(w + 2)²}.
   */
  private static FloatVector mish(FloatVector x) {
    FloatVector held = hold(x, -LOGISTIC_LIMIT, MISH_LIMIT);
    FloatVector e = Exponential.of(held);
    FloatVector w = e.mul(e.add(2f));
    FloatVector d = w.add(2f);
    return e.mul(4f).div(d).mul(e.add(1f).div(d)).fma(held, w.div(d));
  }

  private static float mish(float x) {
    float held = hold(x, -LOGISTIC_LIMIT, MISH_LIMIT);
    float e = Exponential.of(held);
    float w = e * (e + 2f);
    float d = w + 2f;
    return Math.fma(e * 4f / d * ((e + 1f) / d), held, w / d);
  }

  /** Comparisons let NaN pass. */
  private static FloatVector hold(FloatVector x, float lowest, float highest) {
    FloatVector held = x.blend(lowest, x.compare(VectorOperators.LT, lowest));
    return held.blend(highest, x.compare(VectorOperators.GT, highest));
  }

  private static float hold(float x, float lowest, float highest) {
    return x < lowest ? lowest : x > highest ? highest : x;
  }
}
