package io.github.megabert.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicBoolean;

/** Finds and opens backends. */
public final class Backends {
  private static final AtomicBoolean WARNED = new AtomicBoolean();

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
   * Opens a backend.
   *
   * @param name a provider's name, or {@code auto} for the preferred one that is available and
   *     knows the precision; when {@code auto} has to fall back on plain loops it warns once,
   *     naming the reason
   * @throws IllegalArgumentException if there is no provider of that name
   * @throws UnsupportedOperationException if it is not available here, with the reason and the
   *     remedy
   */
  public static Backend open(String name, BackendOptions options) {
    List<BackendProvider> providers = providers();
    if (name.equals("auto")) {
      return openPreferred(providers, options);
    }
    List<String> names = new ArrayList<>();
    for (BackendProvider provider : providers) {
      names.add(provider.name());
      if (provider.name().equals(name)) {
        BackendProvider.Availability availability = provider.availability();
        if (!availability.available()) {
          throw new UnsupportedOperationException(
              "the backend " + name + " is not available: " + availability.reason());
        }
        return provider.open(options);
      }
    }
    throw new IllegalArgumentException(
        "there is no backend \"" + name + "\"; there are auto, " + String.join(", ", names));
  }

  private static Backend openPreferred(List<BackendProvider> providers, BackendOptions options) {
    String missing = "";
    UnsupportedOperationException refusal = null;
    for (BackendProvider provider : providers) {
      BackendProvider.Availability availability = provider.availability();
      if (!availability.available()) {
        if (provider.name().equals("vector")) {
          missing = availability.reason();
        }
        continue;
      }
      if (!availability.preferred()) {
        continue;
      }
      try {
        Backend backend = provider.open(options);
        if (!missing.isEmpty() && provider.priority() == 0 && WARNED.compareAndSet(false, true)) {
          logger()
              .log(System.Logger.Level.WARNING, "computing with slow plain loops: {0}", missing);
        }
        return backend;
      } catch (UnsupportedOperationException unsupported) {
        refusal = refusal == null ? unsupported : refusal;
      }
    }
    throw refusal != null
        ? refusal
        : new UnsupportedOperationException("no backend is available; is megabert-core whole?");
  }

  /** Found when there is something to say: the logging system costs a short run 30 ms. */
  private static System.Logger logger() {
    return System.getLogger(Backends.class.getName());
  }
}
