// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/** The derivatives of {@link DeviceMath#activate}; TornadoVM inlines them. */
final class DeviceDerivatives {
  private DeviceDerivatives() {}

  private static float logistic(float x) {
    return 1f / (1f + TornadoMath.exp(-x));
  }

  /** Φ, the standard normal distribution function. */
  private static float normal(float x) {
    float tail = 0.5f * DeviceMath.erfc(TornadoMath.abs(x) * 0.70710677f);
    return x >= 0f ? 1f - tail : tail;
  }

  private static float gelu(float x) {
    // Beyond 15 the density is no float; x times it would be infinity times zero.
    float near = TornadoMath.min(15f, TornadoMath.max(-15f, x));
    return normal(x) + near * TornadoMath.exp(-0.5f * near * near) * 0.3989423f;
  }

  /**
   * {@link #derivative} for arguments and results of half the digits: GELU's takes its two terms
   * from one exponential (Abramowitz and Stegun, 7.1.26, error 1.5·10⁻⁷ at most).
   */
  static float derivativeHalf(int code, float x) {
    float y = 1f;
    if (code == DeviceMath.GELU) {
      float near = TornadoMath.min(12f, TornadoMath.max(-12f, x));
      float density = TornadoMath.exp(-0.5f * near * near);
      float t = 1f / (1f + 0.23164189f * TornadoMath.abs(near));
      float p = -1.4531521f + t * 1.0614054f;
      p = 1.4214138f + t * p;
      p = -0.28449672f + t * p;
      p = 0.2548296f + t * p;
      float tail = 0.5f * t * p * density;
      y = near * density * 0.3989423f + (x >= 0f ? 1f - tail : tail);
    } else {
      y = derivative(code, x);
    }
    return y;
  }

  /** The derivative at {@code x}; {@code code} is a constant of the kernel. */
  static float derivative(int code, float x) {
    float y = 1f;
    if (code == DeviceMath.GELU) {
      y = gelu(x);
    }
    if (code == DeviceMath.GELU_TANH) {
      // Beyond 10 the tanh is 1, and its slope nothing.
      float near = TornadoMath.min(10f, TornadoMath.max(-10f, x));
      float t = TornadoMath.tanh(0.7978846f * (near + 0.044715f * near * near * near));
      float slope = 0.7978846f * (1f + 0.134145f * near * near);
      y = 0.5f * (1f + t) + 0.5f * near * (1f - t * t) * slope;
    }
    if (code == DeviceMath.QUICK_GELU) {
      float near = TornadoMath.min(40f, TornadoMath.max(-40f, x));
      float s = logistic(1.702f * near);
      y = s + 1.702f * near * s * (1f - s);
    }
    if (code == DeviceMath.RELU) {
      y = x > 0f ? 1f : 0f;
    }
    if (code == DeviceMath.SILU) {
      float near = TornadoMath.min(40f, TornadoMath.max(-40f, x));
      float s = logistic(near);
      y = s + near * s * (1f - s);
    }
    if (code == DeviceMath.TANH) {
      float t = TornadoMath.tanh(x);
      y = 1f - t * t;
    }
    if (code == DeviceMath.MISH) {
      float near = TornadoMath.min(20f, TornadoMath.max(-40f, x));
      float e = TornadoMath.exp(near);
      float n = e * (e + 2f);
      float t = n / (n + 2f);
      // 1 − t² = 4(n + 1)/(n + 2)², which loses no digits.
      y = t + near * (4f * (n + 1f) / ((n + 2f) * (n + 2f))) * logistic(near);
    }
    if (code == DeviceMath.GELU_10) {
      y = DeviceMath.activate(DeviceMath.GELU, x) > 10f ? 0f : gelu(x);
    }
    if (code == DeviceMath.RELU2) {
      y = x > 0f ? 2f * x : 0f;
    }
    if (code == DeviceMath.RELU6) {
      y = x > 0f && x < 6f ? 1f : 0f;
    }
    if (code == DeviceMath.LEAKY_RELU) {
      y = x > 0f ? 1f : 0.01f;
    }
    if (code == DeviceMath.SIGMOID) {
      float s = logistic(x);
      y = s * (1f - s);
    }
    if (code == DeviceMath.HARDSWISH) {
      y = x <= -3f ? 0f : x < 3f ? x * 0.33333334f + 0.5f : 1f;
    }
    if (code == DeviceMath.LAPLACE) {
      float z = (x - 0.707107f) * 3.544905f;
      float near = TornadoMath.min(15f, TornadoMath.max(-15f, z));
      y = TornadoMath.exp(-0.5f * near * near) * 1.4142125f;
    }
    if (code == DeviceMath.SQRT_SOFTPLUS) {
      float e = TornadoMath.exp(TornadoMath.max(-80f, TornadoMath.min(20f, x)));
      float series = e * (1f - e * (0.5f - e * (0.33333334f - 0.25f * e)));
      float s = e < 0.03f ? series : TornadoMath.log(1f + e);
      float root = TornadoMath.sqrt(x > 20f ? x : s);
      y = x < -80f ? 0f : logistic(x) / (2f * root);
    }
    return y;
  }
}
