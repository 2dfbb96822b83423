package io.github.megabert.backend;

import java.util.Locale;

/**
 * Element-wise functions, under transformers' names ({@code transformers/activations.py}).
 *
 * <p>Φ is the standard normal distribution function, σ the logistic function.
 */
public enum Activation {
  /** x. */
  IDENTITY("linear"),
  /** x·Φ(x), the exact form with erf. */
  GELU("gelu"),
  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
  GELU_NEW("gelu_new"),
  /** The same function as {@link #GELU_NEW}, as PyTorch's own {@code gelu(approximate="tanh")}. */
  GELU_PYTORCH_TANH("gelu_pytorch_tanh"),
  /** ½x(1 + tanh(0.7978845608x(1 + 0.044715x²))). */
  GELU_FAST("gelu_fast"),
  /** x·σ(1.702x). */
  QUICK_GELU("quick_gelu"),
  /** max(0, x). */
  RELU("relu"),
  /** x·σ(x). */
  SILU("silu"),
  /** The same function as {@link #SILU}. */
  SWISH("swish"),
  /** tanh(x). */
  TANH("tanh"),
  /** x·tanh(ln(1 + eˣ)). */
  MISH("mish");

  private final String configName;

  Activation(String configName) {
    this.configName = configName;
  }

  /** The name in a model's {@code config.json}. */
  public String configName() {
    return configName;
  }

  /**
   * The activation of that name in a {@code config.json}.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static Activation ofConfigName(String name) {
    StringBuilder known = new StringBuilder();
    for (Activation activation : values()) {
      if (activation.configName.equals(name)) {
        return activation;
      }
      known.append(known.isEmpty() ? "" : ", ").append(activation.configName);
    }
    throw new IllegalArgumentException(
        String.format(Locale.ROOT, "unknown activation \"%s\"; known are %s", name, known));
  }
}
