// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

/** Conversions of bfloat16, the upper half of a binary32. */
public final class BFloat16 {
  private BFloat16() {}

  /** The number that the bits stand for. Exact. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The number that is left when {@code value} is stored as bfloat16. */
  public static float round(float value) {
    return toFloat(fromFloat(value));
  }

  /** The nearest bfloat16, ties to even, as PyTorch rounds; a NaN stays a (quiet) NaN. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
