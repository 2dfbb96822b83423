package io.github.megabert.backend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The backends that tests run on: all that can be opened here, or the one that the system property
 * {@code megabert.test.backend} names.
 */
public final class TestBackends {
  private static final String ONLY = System.getProperty("megabert.test.backend", "");

  private TestBackends() {}

  /** Their names; a test of a backend that is named but not there is skipped with the reason. */
  public static List<String> names() {
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

  /** Not one of the backends that compute on this processor, of which there are more in tests. */
  private static boolean isDevice(String backend) {
    return backend.equals("tornado");
  }

  /** The numbers of threads that a backend's results must not depend on. */
  static int[] threadCounts(String backend) {
    return isDevice(backend) ? new int[] {1} : new int[] {1, 2, 3};
  }

  /** Those of the sizes that a backend is tested with: a device compiles kernels for each. */
  static IntStream sizes(String backend, int[] sizes) {
    int step = isDevice(backend) ? 4 : 1;
    return IntStream.range(0, sizes.length).filter(i -> i % step == 0).map(i -> sizes[i]);
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
