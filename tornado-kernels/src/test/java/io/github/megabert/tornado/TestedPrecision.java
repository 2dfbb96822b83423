// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Precision;
import java.util.Locale;

/** The precision that {@code megabert.test.precision} names, float32 unless told. */
final class TestedPrecision {
  private static final Precision PRECISION =
      Precision.valueOf(
          System.getProperty("megabert.test.precision", "f32").toUpperCase(Locale.ROOT));

  private TestedPrecision() {}

  /** What the device is opened with. */
  static BackendOptions options() {
    return BackendOptions.DEFAULT.withPrecision(PRECISION);
  }

  /** The largest relative L2 error of an operation. */
  static double relativeBound() {
    return switch (PRECISION) {
      case F32 -> 1e-5;
      case TF32 -> 2e-3;
      case F16 -> 5e-3;
      case BF16, INT8 -> 2e-2;
    };
  }

  /** The value, or the nearest binary16 number where matrices hold those. */
  static float representable(double value) {
    return PRECISION == Precision.F16
        ? Float.float16ToFloat(Float.floatToFloat16((float) value))
        : (float) value;
  }
}
