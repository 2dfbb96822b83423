// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.FLOAT;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;

/**
 * Activations that transformers names and hardly a model uses: right, one number at a time, and not
 * fast.
 */
final class RareActivations {
  private static final float LEAK = 0.01f;
  private static final double MEAN = 0.707107;
  private static final double SPREAD = 0.282095;

  private RareActivations() {}

  /** Replaces {@code count} floats by their activations. */
  static void apply(Activation activation, MemorySegment values, long offset, int count) {
    for (int i = 0; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      values.set(FLOAT, at, of(activation, values.get(FLOAT, at)));
    }
  }

  static float of(Activation activation, float x) {
    return switch (activation) {
      case GELU_10 -> Math.min(Math.max(Gelu.of(x), -10f), 10f);
      case RELU2 -> x < 0 ? 0 : x * x;
      case RELU6 -> Math.min(Math.max(x, 0f), 6f);
      case LEAKY_RELU -> x < 0 ? LEAK * x : x;
      case SIGMOID -> (float) (1 / (1 + Math.exp(-x)));
      case HARDSWISH -> x * (Math.min(Math.max(x + 3f, 0f), 6f) / 6f);
      case LAPLACE -> (float) normal((x - MEAN) / SPREAD);
      case SQRT_SOFTPLUS -> (float) Math.sqrt(x > 30 ? x : Math.log1p(Math.exp(x)));
      default -> throw new IllegalArgumentException(activation + " is not a rare activation");
    };
  }

  /**
   * The standard normal distribution function (Marsaglia 2004, "Evaluating the Normal
   * Distribution", Journal of Statistical Software 11(4)): ½ + φ(z)(z + z³/3 + z⁵/15 + …).
   */
  private static double normal(double z) {
    if (Double.isNaN(z)) {
      return z;
    }
    if (Math.abs(z) > 8) {
      return z < 0 ? 0 : 1;
    }
    double term = z;
    double sum = z;
    for (int n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
      term *= z * z / n;
      sum += term;
    }
    return 0.5 + sum * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  }
}
