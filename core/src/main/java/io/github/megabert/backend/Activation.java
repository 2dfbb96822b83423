// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.input.Quote;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

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
  /** x·Φ(x), held between −10 and 10. */
  GELU_10("gelu_10"),
  /** max(0, x). */
  RELU("relu"),
  /** max(0, x)². */
  RELU2("relu2"),
  /** max(0, x), at most 6. */
  RELU6("relu6"),
  /** x, or 0.01x where it is negative. */
  LEAKY_RELU("leaky_relu"),
  /** σ(x). */
  SIGMOID("sigmoid"),
  /** x·min(max(0, x + 3), 6)/6. */
  HARDSWISH("hardswish"),
  /** ½(1 + erf((x − 0.707107)/(0.282095·√2))). */
  LAPLACE("laplace"),
  /** √ln(1 + eˣ). */
  SQRT_SOFTPLUS("sqrtsoftplus"),
  /** x·σ(x). */
  SILU("silu"),
  /** The same function as {@link #SILU}. */
  SWISH("swish"),
  /** tanh(x). */
  TANH("tanh"),
  /** x·tanh(ln(1 + eˣ)). */
  MISH("mish");

  /**
   * Names of transformers whose functions have weights of their own, which no checkpoint here has.
   */
  private static final Set<String> WITH_WEIGHTS = Set.of("prelu", "xielu");

  /** More of transformers' names for the same functions. */
  private static final Map<String, Activation> OTHER_NAMES =
      Map.of("gelu_python", GELU, "gelu_python_tanh", GELU_NEW, "gelu_accurate", GELU_NEW);

  private final String configName;

  Activation(String configName) {
    this.configName = configName;
  }

  /** The name in a model's {@code config.json}; of several the usual one. */
  public String configName() {
    return configName;
  }

  /**
   * The activation of that name in a {@code config.json}.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static Activation ofConfigName(String name) {
    Map<String, Activation> known = new LinkedHashMap<>();
    for (Activation activation : values()) {
      known.put(activation.configName, activation);
    }
    known.putAll(new TreeMap<>(OTHER_NAMES));
    Activation found = known.get(name);
    if (found != null) {
      return found;
    }
    String names = String.join(", ", known.keySet());
    if (WITH_WEIGHTS.contains(name)) {
      throw new IllegalArgumentException(
          "the activation "
              + Quote.quote(name)
              + " has weights of its own, which are not read; known are "
              + names);
    }
    throw new IllegalArgumentException(
        "unknown activation " + Quote.quote(name) + "; known are " + names);
  }
}
