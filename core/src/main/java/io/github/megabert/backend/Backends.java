// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.MachineTiles;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicBoolean;

/** Finds and opens backends. */
public final class Backends {
  /** The name that stands for the preferred backend that is available. */
  public static final String AUTO = "auto";

  /** The name of the CPU backend on the JDK's Vector API. */
  public static final String VECTOR = "vector";

  /** The name of the CPU backend of plain loops, the reference of all others. */
  public static final String SCALAR = "scalar";

  /** The name of the GPU backend on TornadoVM, in the artifact {@code megabert-tornado}. */
  public static final String TORNADO = "tornado";

  /** The {@link BackendProvider#priority} of the fastest backend that computes on the CPU. */
  private static final int CPU = 100;

  private static final AtomicBoolean REMARKED = new AtomicBoolean();

  private Backends() {}

  /** Every provider on the class or module path, the preferred ones first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> providers = new ArrayList<>();
    for (var candidate :
        ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).stream()
            .toList()) {
      try {
        providers.add(candidate.get());
      } catch (ServiceConfigurationError | LinkageError failure) {
        logger()
            .log(
                System.Logger.Level.WARNING,
                "the backend "
                    + candidate.type().getName()
                    + " cannot be loaded: "
                    + failure.getMessage());
      }
    }
    providers.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
    return List.copyOf(providers);
  }

  /**
   * Whether the backend {@link #VECTOR} may call machine code that Java writes, and for which
   * instructions of the processor; otherwise why its kernels all wait for the JVM's compiler.
   */
  public static BackendProvider.Availability machineCode() {
    String reason = MachineCode.reason();
    if (reason.isEmpty() && !MachineTiles.serve()) {
      reason = "no kernels could be loaded for vectors of " + Lanes.COUNT + " floats";
    }
    return reason.isEmpty()
        ? new BackendProvider.Availability(
            true, "kernels of vector; x86-64 with " + MachineCode.instructions(), "")
        : new BackendProvider.Availability(false, "", reason);
  }

  /**
   * Opens a backend.
   *
   * @param name a provider's name, such as {@link #VECTOR}, or {@link #AUTO} for the preferred one
   *     that is available and knows the precision; {@code auto} logs once which GPU it takes, or
   *     why it takes none although there is a backend for one, or why it has to fall back on plain
   *     loops
   * @throws IllegalArgumentException if there is no provider of that name
   * @throws UnsupportedOptionException if it does not know the precision, or has no such device
   * @throws UnsupportedOperationException if it is not available here, with the reason and the
   *     remedy
   */
  public static Backend open(String name, BackendOptions options) {
    List<BackendProvider> providers = providers();
    if (name.equals(AUTO)) {
      return openPreferred(providers, options);
    }
    List<String> names = new ArrayList<>();
    for (BackendProvider provider : providers) {
      names.add(provider.name());
      if (provider.name().equals(name)) {
        BackendProvider.Availability availability = provider.availability(options);
        if (!availability.available()) {
          throw new UnsupportedOperationException(
              "the backend " + name + " is not available: " + availability.reason());
        }
        return provider.open(options);
      }
    }
    String remedy =
        name.equals(TORNADO)
            ? "; it is in the artifact megabert-tornado, which is not on the class path: add it,"
                + " or set TORNADOVM_HOME to a TornadoVM SDK for ./megabert to build it"
            : "";
    throw new IllegalArgumentException(
        "there is no backend \""
            + name
            + "\"; there are auto, "
            + String.join(", ", names)
            + remedy);
  }

  private static Backend openPreferred(List<BackendProvider> providers, BackendOptions options) {
    Choice choice = choose(providers, options);
    if (!choice.remark().isEmpty() && REMARKED.compareAndSet(false, true)) {
      logger().log(choice.level(), choice.remark());
    }
    return choice.backend();
  }

  /**
   * What {@code auto} takes.
   *
   * @param remark what a user should hear about it, or an empty string
   * @param level a warning where something better is missing
   */
  record Choice(Backend backend, String remark, System.Logger.Level level) {}

  /** Opens the preferred backend that is available and knows the precision. */
  static Choice choose(List<BackendProvider> providers, BackendOptions options) {
    String better = "";
    UnsupportedOperationException refusal = null;
    for (BackendProvider provider : providers) {
      BackendProvider.Availability availability = provider.availability(options);
      if (availability.available() && !availability.preferred()) {
        continue;
      }
      String reason = availability.reason();
      if (availability.available()) {
        try {
          return choice(provider, provider.open(options), better);
        } catch (UnsupportedOperationException unsupported) {
          refusal = refusal == null ? unsupported : refusal;
          reason = String.valueOf(unsupported.getMessage());
        }
      }
      if (better.isEmpty() || provider.priority() <= CPU) {
        better =
            (provider.priority() > CPU ? "without a GPU: " : "with slow plain loops: ") + reason;
      }
    }
    throw refusal != null
        ? refusal
        : new UnsupportedOperationException("no backend is available; is megabert-core whole?");
  }

  private static Choice choice(BackendProvider taken, Backend backend, String better) {
    if (taken.priority() > CPU) {
      return new Choice(backend, "computing on " + backend.device(), System.Logger.Level.INFO);
    }
    String remark = better.isEmpty() ? "" : "computing " + better;
    return new Choice(backend, remark, System.Logger.Level.WARNING);
  }

  /** Found when there is something to say: the logging system costs a short run 30 ms. */
  private static System.Logger logger() {
    return System.getLogger(Backends.class.getName());
  }
}
