// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.vector.gemm.CopyStrips;
import io.github.megabert.backend.vector.training.AdamWKernel;
import io.github.megabert.backend.vector.training.PackHalves;
import io.github.megabert.checkpoint.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kernels of training are warmed from the first layer on that is to be trained. In a JVM of its
 * own, where nobody has asked for a kernel before.
 */
class TrainingWarmUpTest {
  /** Prints the kernels that have been asked for, before and after a layer is made. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      Precision precision = Precision.valueOf(arguments[0]);
      BackendOptions options = BackendOptions.DEFAULT.withThreads(1).withPrecision(precision);
      try (Backend backend = Backends.open("vector", options);
          ResidentMatrix weight = backend.resident(3, 5);
          ResidentMatrix bias = backend.resident(1, 3)) {
        System.out.println(asked());
        backend.linear(weight, bias);
        System.out.println(asked());
      }
    }

    private static List<String> asked() {
      return List.of(CopyStrips.KERNEL, AdamWKernel.KERNEL, PackHalves.KERNEL).stream()
          .filter(kernel -> kernel.state() != Kernel.State.COLD)
          .map(kernel -> kernel.getClass().getSimpleName())
          .toList();
    }
  }

  @Test
  void theFirstLayerBeginsIt(@TempDir Path folder) throws Exception {
    assertEquals(List.of("[]", "[CopyStrips, AdamWKernel]"), lines(folder, "F32"));
    assertEquals(List.of("[]", "[CopyStrips, AdamWKernel, PackHalves]"), lines(folder, "BF16"));
  }

  private static List<String> lines(Path folder, String precision) throws Exception {
    Path errors = folder.resolve("errors");
    return ChildJvm.lines(ChildJvm.start(errors, Child.class, precision), errors);
  }
}
