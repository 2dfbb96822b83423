// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.backend.Activation;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/** Functions that kernels call; TornadoVM inlines them. */
public final class DeviceMath {
  /** What a masked key's score becomes, as in transformers: {@code torch.finfo.min}. */
  static final float MASKED = -Float.MAX_VALUE;

  public static final int IDENTITY = 0;
  static final int GELU = 1;
  public static final int GELU_TANH = 2;
  static final int QUICK_GELU = 3;
  static final int RELU = 4;
  static final int SILU = 5;
  static final int TANH = 6;
  static final int MISH = 7;
  static final int GELU_10 = 8;
  static final int RELU2 = 9;
  static final int RELU6 = 10;
  static final int LEAKY_RELU = 11;
  static final int SIGMOID = 12;
  static final int HARDSWISH = 13;
  static final int LAPLACE = 14;
  static final int SQRT_SOFTPLUS = 15;

  private DeviceMath() {}

  /** The number by which kernels know an activation. */
  public static int code(Activation activation) {
    return switch (activation) {
      case IDENTITY -> IDENTITY;
      case GELU -> GELU;
      // gelu_fast differs from gelu_new by the rounding of one constant, 2·10⁻¹¹ of it.
      case GELU_NEW, GELU_PYTORCH_TANH, GELU_FAST -> GELU_TANH;
      case QUICK_GELU -> QUICK_GELU;
      case RELU -> RELU;
      case SILU, SWISH -> SILU;
      case TANH -> TANH;
      case MISH -> MISH;
      case GELU_10 -> GELU_10;
      case RELU2 -> RELU2;
      case RELU6 -> RELU6;
      case LEAKY_RELU -> LEAKY_RELU;
      case SIGMOID -> SIGMOID;
      case HARDSWISH -> HARDSWISH;
      case LAPLACE -> LAPLACE;
      case SQRT_SOFTPLUS -> SQRT_SOFTPLUS;
    };
  }

  /** The activation of {@code x}; {@code code} is a constant of the kernel. */
  static float activate(int code, float x) {
    float y = x;
    if (code == GELU) {
      float tail = 0.5f * erfc(TornadoMath.abs(x) * 0.70710677f);
      y = x >= 0f ? x * (1f - tail) : x * tail;
    }
    if (code == GELU_TANH) {
      y = 0.5f * x * (1f + TornadoMath.tanh(0.7978846f * (x + 0.044715f * x * x * x)));
    }
    if (code == QUICK_GELU) {
      y = x / (1f + TornadoMath.exp(-1.702f * x));
    }
    if (code == RELU) {
      y = x < 0f ? 0f : x;
    }
    if (code == SILU) {
      y = x / (1f + TornadoMath.exp(-x));
    }
    if (code == TANH) {
      y = TornadoMath.tanh(x);
    }
    if (code == MISH) {
      // tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2); beyond 20 it is 1 in float32.
      float e = TornadoMath.exp(x > 20f ? 20f : x);
      float n = e * (e + 2f);
      y = x * n / (n + 2f);
    }
    if (code == GELU_10) {
      float tail = 0.5f * erfc(TornadoMath.abs(x) * 0.70710677f);
      y = x >= 0f ? x * (1f - tail) : x * tail;
      y = y > 10f ? 10f : y;
    }
    if (code == RELU2) {
      y = x < 0f ? 0f : x * x;
    }
    if (code == RELU6) {
      y = x < 0f ? 0f : x > 6f ? 6f : x;
    }
    if (code == LEAKY_RELU) {
      y = x < 0f ? 0.01f * x : x;
    }
    if (code == SIGMOID) {
      y = 1f / (1f + TornadoMath.exp(-x));
    }
    if (code == HARDSWISH) {
      float gate = (x + 3f) * 0.16666667f;
      y = gate < 0f ? 0f : gate > 1f ? x : x * gate;
    }
    if (code == LAPLACE) {
      float z = (x - 0.707107f) * 2.5066328f;
      float tail = 0.5f * erfc(TornadoMath.abs(z));
      y = z >= 0f ? 1f - tail : tail;
    }
    if (code == SQRT_SOFTPLUS) {
      // ln(1 + e) of a small e by its series, which loses no digits.
      float e = TornadoMath.exp(x > 20f ? 20f : x);
      float series = e * (1f - e * (0.5f - e * (0.33333334f - 0.25f * e)));
      float s = e < 0.03f ? series : TornadoMath.log(1f + e);
      y = TornadoMath.sqrt(x > 20f ? x : s);
    }
    return y;
  }

  /**
   * The complementary error function for {@code z ≥ 0}, relative error below 1.2·10⁻⁷ (Chebyshev
   * fit: Press et al., Numerical Recipes in C, 2nd edition, 6.2).
   */
  static float erfc(float z) {
    float t = 1f / (1f + 0.5f * z);
    float p = -0.82215226f + t * 0.17087276f;
    p = 1.4885159f + t * p;
    p = -1.135204f + t * p;
    p = 0.27886808f + t * p;
    p = -0.18628806f + t * p;
    p = 0.09678418f + t * p;
    p = 0.37409195f + t * p;
    p = 1.0000237f + t * p;
    return t * TornadoMath.exp(-z * z - 1.2655122f + t * p);
  }

  /**
   * {@link #activate} for arguments and results in binary16: GELU takes erf from a rational
   * function (the minimax fit of Eigen's {@code erf}, error 6.5·10⁻⁸), half the instructions of
   * {@link #erfc}: 4096 × 4096 numbers took 51 µs on an H100 with erfc.
   */
  static float activateHalf(int code, float x) {
    float y = x;
    if (code == GELU) {
      float z = TornadoMath.min(4f, TornadoMath.max(-4f, x * 0.70710677f));
      float square = z * z;
      float p = -2.7261424e-10f;
      p = p * square + 2.7706815e-8f;
      p = p * square - 2.101024e-6f;
      p = p * square - 5.6925062e-5f;
      p = p * square - 0.00073499064f;
      p = p * square - 0.0029546f;
      p = p * square - 0.016096033f;
      float q = -1.45660715e-5f;
      q = q * square - 0.00021337405f;
      q = q * square - 0.001682827f;
      q = q * square - 0.0073733293f;
      q = q * square - 0.014264739f;
      y = 0.5f * x * (1f + z * p / q);
    } else {
      y = activate(code, x);
    }
    return y;
  }
}
