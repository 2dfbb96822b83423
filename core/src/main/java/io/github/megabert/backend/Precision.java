// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.Locale;

/** How a backend stores the weights of its matrix products, and so how exactly it computes. */
public enum Precision {
  /** IEEE 754 binary32 throughout. */
  F32,
  /** Binary32 in memory, products of numbers rounded to 10 bits of mantissa (GPU matrix units). */
  TF32,
  /** Weights in binary16. */
  F16,
  /** Weights in bfloat16. */
  BF16,
  /** Weights in 8-bit integers with a scale per output channel or group. */
  INT8;

  /**
   * The name on the command line: {@code f32}, {@code tf32}, {@code f16}, {@code bf16}, {@code
   * int8}.
   */
  public String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bits of a stored weight, scales not counted. */
  public int bits() {
    return switch (this) {
      case F32, TF32 -> 32;
      case F16, BF16 -> 16;
      case INT8 -> 8;
    };
  }
}
