// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The backends that tests run on: all that can be opened here, or the one that the system property
 * {@code megabert.test.backend} names, in the precision that {@code megabert.test.precision} names
 * ({@code f32} unless told). On a device {@code megabert.test.sizes=all} tries every size.
 */
public final class TestBackends {
  private static final String ONLY = System.getProperty("megabert.test.backend", "");
  private static final Precision PRECISION =
      Precision.valueOf(
          System.getProperty("megabert.test.precision", "f32").toUpperCase(Locale.ROOT));
  private static final boolean EVERY_SIZE =
      System.getProperty("megabert.test.sizes", "").equals("all");

  /** The largest finite binary16 number. */
  private static final float LARGEST_HALF = 65504;

  private TestBackends() {}

  /** Their names; a test of a backend that is named but not there is skipped with the reason. */
  public static List<String> names() {
    if (ONLY.isEmpty() && PRECISION != Precision.F32) {
      throw new AssertionError("megabert.test.precision needs megabert.test.backend");
    }
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals(ONLY)) {
        BackendProvider.Availability availability = provider.availability();
        assumeTrue(availability.available(), availability.reason());
        return List.of(ONLY);
      }
    }
    if (!ONLY.isEmpty()) {
      throw new AssertionError("there is no backend " + ONLY);
    }
    return Backends.providers().stream()
        .filter(provider -> provider.availability().available())
        .map(BackendProvider::name)
        .toList();
  }

  /** Whether one backend is named. */
  public static boolean isOne() {
    return !ONLY.isEmpty();
  }

  /** What the tested backend is opened with. */
  public static BackendOptions options() {
    return BackendOptions.DEFAULT.withPrecision(PRECISION);
  }

  /** Whether results are compared by relative error: in precisions narrower than float32. */
  public static boolean isNarrow() {
    return PRECISION != Precision.F32;
  }

  /** The largest relative L2 error that the tested precision may have. */
  public static double relativeBound() {
    return switch (PRECISION) {
      case F32 -> 1e-5;
      case TF32 -> 2e-3;
      case F16 -> 5e-3;
      case BF16, INT8 -> 2e-2;
    };
  }

  /**
   * The value itself, or the nearest that matrices of the tested precision hold, so that the
   * operation is compared and not the rounding of its operands.
   */
  public static float representable(double value) {
    if (PRECISION != Precision.F16) {
      return (float) value;
    }
    float clamped = (float) Math.clamp(value, -LARGEST_HALF, LARGEST_HALF);
    return Float.float16ToFloat(Float.floatToFloat16(clamped));
  }

  /** Not one of the backends that compute on this processor, of which there are more in tests. */
  static boolean isDevice(String backend) {
    return backend.equals("tornado");
  }

  /** The numbers of threads that a backend's results must not depend on. */
  static int[] threadCounts(String backend) {
    return isDevice(backend) ? new int[] {1} : new int[] {1, 2, 3};
  }

  /** Those of the sizes that a backend is tested with: a device compiles kernels for each. */
  static IntStream sizes(String backend, int[] sizes) {
    int step = isDevice(backend) && !EVERY_SIZE ? 4 : 1;
    return IntStream.range(0, sizes.length).filter(i -> i % step == 0).map(i -> sizes[i]);
  }

  /** Those of the cases that a backend is tested with: a device compiles kernels for each. */
  static <T> Stream<T> cases(String backend, T[] cases) {
    return sizes(backend, IntStream.range(0, cases.length).toArray()).mapToObj(i -> cases[i]);
  }

  /** For values up to 10: a device's functions are wrong by some units in the last place. */
  static double activationTolerance(String backend) {
    return isDevice(backend) ? 4e-6 : 1e-6;
  }

  /** For limits that are reached exactly, by a device's functions but for the last place. */
  static float limitTolerance(String backend) {
    return isDevice(backend) ? 1e-6f : 0;
  }
}
