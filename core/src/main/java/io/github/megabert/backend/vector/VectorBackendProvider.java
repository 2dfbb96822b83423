// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.vector.memory.SecondLevelCache;
import java.util.Locale;

/**
 * Offers the vector backend where the JVM can compile vectors. This class mentions no type of the
 * Vector API, and asks for one that does only when the module is there.
 */
public final class VectorBackendProvider implements BackendProvider {
  private static final String MODULE = "jdk.incubator.vector";

  /** For {@link java.util.ServiceLoader}. */
  public VectorBackendProvider() {}

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public Availability availability() {
    String reason = obstacle();
    return reason.isEmpty()
        ? new Availability(true, VectorBackend.deviceLine(BackendOptions.DEFAULT.threads()), reason)
        : new Availability(false, "", reason);
  }

  private static String obstacle() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return "the Vector API is not loaded; start java with --add-modules " + MODULE;
    }
    // Without C2 every vector operation is an object and a call: slower than plain loops.
    String vm = System.getProperty("java.vm.info", "").toLowerCase(Locale.ROOT);
    if (vm.contains("interpreted mode")) {
      return "the JVM interprets only; start java without -Xint";
    }
    if (vm.contains("emulated-client")) {
      return "the JVM does without its optimizing compiler; start java without"
          + " -XX:TieredStopAtLevel or with -XX:TieredStopAtLevel=4";
    }
    return "";
  }

  @Override
  public Backend open(BackendOptions options) {
    String reason = obstacle();
    if (!reason.isEmpty()) {
      throw new UnsupportedOperationException("the vector backend is not available: " + reason);
    }
    if (options.precision() == Precision.TF32) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          "the vector backend stores weights as f32, bf16, f16 or int8, not "
              + options.precision().optionName()
              + "; leave the precision (--dtype) out or choose another backend");
    }
    if (!options.packing() && options.precision() != Precision.F32) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          "weights that are not packed are computed with as f32, not as "
              + options.precision().optionName()
              + "; leave out either the precision (--dtype) or the packing (--pack none)");
    }
    boolean ignored = MachineCode.isWanted(); // Refuses what is neither on nor off.
    SecondLevelCache.check();
    return new VectorBackend(options);
  }
}
