// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Activation;

/** {@link Activation}s of one number, in double. */
public final class ScalarActivations {
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

  private ScalarActivations() {}

  /** The activation of {@code x}. */
  public static double apply(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case GELU -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
      case GELU_NEW, GELU_PYTORCH_TANH ->
          0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
      case GELU_FAST -> 0.5 * x * (1 + Math.tanh(0.7978845608 * x * (1 + 0.044715 * x * x)));
      case QUICK_GELU -> x * logistic(1.702 * x);
      case GELU_10 -> Math.clamp(apply(Activation.GELU, x), -10, 10);
      case RELU2 -> x > 0 || Double.isNaN(x) ? x * x : 0;
      case RELU6 -> Math.clamp(x, 0, 6);
      case LEAKY_RELU -> x < 0 ? 0.01 * x : x;
      case SIGMOID -> logistic(x);
      case HARDSWISH -> x * (Math.clamp(x + 3, 0, 6) / 6);
      case LAPLACE -> 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.sqrt(2))));
      case SQRT_SOFTPLUS -> Math.sqrt(softplus(x));
      case RELU -> x > 0 || Double.isNaN(x) ? x : 0;
      case SILU, SWISH -> x * logistic(x);
      case TANH -> Math.tanh(x);
      case MISH -> x * Math.tanh(softplus(x));
    };
  }

  /** The derivative of the activation at {@code x}; that of RELU at 0 is 0, as in PyTorch. */
  public static double derivative(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> 1;
      case GELU ->
          0.5 * (1 + erf(x / Math.sqrt(2))) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
      case GELU_NEW, GELU_PYTORCH_TANH ->
          tanhGeluDerivative(
              x,
              SQRT_2_OVER_PI * (x + 0.044715 * x * x * x),
              SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x * x));
      case GELU_FAST ->
          tanhGeluDerivative(
              x,
              0.7978845608 * x * (1 + 0.044715 * x * x),
              0.7978845608 * (1 + 3 * 0.044715 * x * x));
      case QUICK_GELU -> {
        double s = logistic(1.702 * x);
        yield s + 1.702 * x * s * (1 - s);
      }
      case GELU_10 -> Math.abs(apply(Activation.GELU, x)) > 10 ? 0 : derivative(Activation.GELU, x);
      case RELU -> x > 0 ? 1 : 0;
      case RELU2 -> x > 0 ? 2 * x : 0;
      case RELU6 -> x > 0 && x < 6 ? 1 : 0;
      case LEAKY_RELU -> x > 0 ? 1 : 0.01;
      case SIGMOID -> logistic(x) * (1 - logistic(x));
      case HARDSWISH -> x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1;
      case LAPLACE -> {
        double z = (x - 0.707107) / 0.282095;
        yield Math.exp(-z * z / 2) / (0.282095 * Math.sqrt(2 * Math.PI));
      }
      case SQRT_SOFTPLUS -> logistic(x) / (2 * Math.sqrt(softplus(x)));
      case SILU, SWISH -> {
        double s = logistic(x);
        yield s + x * s * (1 - s);
      }
      case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
      case MISH -> {
        double t = Math.tanh(softplus(x));
        yield t + x * (1 - t * t) * logistic(x);
      }
    };
  }

  /** Of {@code ½x(1 + tanh(u(x)))}. */
  private static double tanhGeluDerivative(double x, double u, double slope) {
    double t = Math.tanh(u);
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope;
  }

  private static double logistic(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double softplus(double x) {
    return x > 30 ? x : Math.log1p(Math.exp(x));
  }

  /**
   * The error function, to about 15 digits: its Maclaurin series below 2.5 (Abramowitz and Stegun
   * 7.1.6), the continued fraction of erfc above (7.1.14).
   */
  public static double erf(double x) {
    double magnitude = Math.abs(x);
    if (Double.isNaN(x)) {
      return x;
    }
    if (magnitude < 2.5) {
      double term = x;
      double sum = x;
      for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
        term *= 2 * x * x / (2 * n + 1);
        sum += term;
      }
      return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
    if (magnitude > 6) {
      return Math.signum(x);
    }
    double fraction = magnitude;
    for (int n = 60; n >= 1; n--) {
      fraction = magnitude + n / 2.0 / fraction;
    }
    double erfc = Math.exp(-magnitude * magnitude) / Math.sqrt(Math.PI) / fraction;
    return Math.signum(x) * (1 - erfc);
  }
}
