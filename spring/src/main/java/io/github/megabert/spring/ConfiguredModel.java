// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.Task;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.Backends;
import io.github.megabert.hub.Hub;
import io.github.megabert.hub.ModelName;
import io.github.megabert.task.Batching;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Opens the model that properties describe; what does not fit is refused by the property's name.
 */
final class ConfiguredModel {
  private final MegaBertProperties properties;

  ConfiguredModel(MegaBertProperties properties) {
    this.properties = properties;
  }

  /**
   * Opens it.
   *
   * @throws InvalidConfigurationPropertyValueException if a property has a value that cannot be
   * @throws NoModelException if no model is named, and there is no demo model
   */
  MegaBert open() {
    MegaBertBuilder builder = builder();
    MegaBert bert;
    try {
      bert = open(builder);
    } catch (UnsupportedOperationException unsupported) {
      // The backend is there, as was seen.
      throw refused("precision", properties.precision(), unsupported);
    } catch (IOException | IllegalArgumentException failure) {
      throw refused("model", properties.model(), failure);
    }
    try {
      requireTokenizer(bert);
      requireTasks(bert);
      return bert;
    } catch (RuntimeException failure) {
      bert.close();
      throw failure;
    }
  }

  private MegaBertBuilder builder() {
    requireBackend();
    MegaBertBuilder builder =
        MegaBert.builder()
            .backend(properties.backend())
            .precision(properties.precision())
            .packing(properties.packing());
    check("device", properties.device(), () -> builder.device(properties.device()));
    check(
        "token-budget",
        properties.tokenBudget(),
        () -> builder.batching(Batching.DEFAULT.withTokenBudget(properties.tokenBudget())));
    Integer threads = properties.threads();
    if (threads != null) {
      check("threads", threads, () -> builder.threads(threads));
    }
    Integer maxLength = properties.maxLength();
    if (maxLength != null) {
      check("max-length", maxLength, () -> builder.maxLength(maxLength));
    }
    Path tokenizer = properties.tokenizer();
    if (tokenizer != null) {
      requireExists("tokenizer", tokenizer);
      builder.tokenizer(tokenizer);
    }
    Path config = properties.config();
    if (config != null) {
      requireExists("config", config);
      builder.config(config);
    }
    return builder;
  }

  private MegaBert open(MegaBertBuilder builder) throws IOException {
    String model = properties.model();
    if (model == null || model.isBlank()) {
      requireNoPull("no model is named");
      return demo(builder);
    }
    Path path = path(model);
    Optional<ModelName> name = Files.exists(path) ? Optional.empty() : ModelName.of(path);
    if (name.isEmpty()) {
      requireNoPull("megabert.model names a path");
      return builder.load(path);
    }
    if (properties.pull()) {
      return builder.pull(name.get().toString());
    }
    Hub hub = Hub.ofEnvironment();
    Optional<Path> cached = hub.cached(name.get());
    if (cached.isEmpty()) {
      throw new IOException(
          "there is no folder "
              + path
              + ", and no such model in the cache "
              + hub.settings().cache()
              + "; megabert.pull=true fetches it");
    }
    return builder.load(cached.get());
  }

  private static Path path(String model) {
    try {
      return Path.of(model);
    } catch (InvalidPathException invalid) {
      throw new IllegalArgumentException("it is no path: " + invalid.getReason(), invalid);
    }
  }

  private MegaBert demo(MegaBertBuilder builder) throws IOException {
    try {
      return builder.demo();
    } catch (IOException missing) {
      if (properties.tokenizer() == null && properties.config() == null) {
        throw new NoModelException(missing);
      }
      throw missing;
    }
  }

  private void requireNoPull(String reason) {
    if (properties.pull()) {
      throw new InvalidConfigurationPropertyValueException(
          "megabert.pull",
          true,
          reason + "; only a model that is named ORGANIZATION/NAME can be fetched");
    }
  }

  private void requireBackend() {
    String backend = properties.backend();
    if (backend.equals(Backends.AUTO)) {
      return;
    }
    Set<String> names = new TreeSet<>(Set.of(Backends.AUTO));
    for (BackendProvider provider : Backends.providers()) {
      names.add(provider.name());
      if (provider.name().equals(backend)) {
        BackendProvider.Availability availability = provider.availability();
        if (!availability.available()) {
          throw new InvalidConfigurationPropertyValueException(
              "megabert.backend", backend, "it is not available: " + availability.reason());
        }
        return;
      }
    }
    throw new InvalidConfigurationPropertyValueException(
        "megabert.backend", backend, "there are " + String.join(", ", names));
  }

  private static void requireExists(String property, Path path) {
    if (!Files.exists(path)) {
      throw new InvalidConfigurationPropertyValueException(
          "megabert." + property, path, "there is no such file");
    }
  }

  /** Without a tokenizer no task can be done, which shall not show at the first request. */
  private void requireTokenizer(MegaBert bert) {
    try {
      bert.tokenizer();
    } catch (IllegalStateException unfit) {
      if (properties.tokenizer() == null) {
        throw refused("model", properties.model(), unfit);
      }
      throw refused("tokenizer", properties.tokenizer(), unfit);
    }
  }

  private void requireTasks(MegaBert bert) {
    for (Task task : properties.tasks()) {
      if (!bert.tasks().contains(task)) {
        throw new InvalidConfigurationPropertyValueException(
            "megabert.tasks",
            task.label(),
            "the model can do "
                + bert.tasks().stream().map(Task::label).collect(Collectors.joining(", ")));
      }
    }
  }

  private static void check(String property, Object value, Runnable take) {
    try {
      take.run();
    } catch (IllegalArgumentException invalid) {
      throw refused(property, value, invalid);
    }
  }

  /** The refusal of a property's value. */
  static InvalidConfigurationPropertyValueException refused(
      String property, @Nullable Object value, Exception reason) {
    var refused =
        new InvalidConfigurationPropertyValueException(
            "megabert." + property, value, String.valueOf(reason.getMessage()));
    // Spring Boot 4.0 has no constructor with a cause.
    refused.initCause(reason);
    return refused;
  }
}
