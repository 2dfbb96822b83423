// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.Task;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.hub.Hub;
import io.github.megabert.hub.HubException;
import io.github.megabert.hub.ModelName;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.task.Batching;
import io.github.megabert.tokenizer.BertTokenizer;
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
   * @throws NoModelException if no model is named, and the demo model is not there or damaged
   */
  MegaBert open() {
    MegaBertBuilder builder = builder();
    MegaBert bert;
    try {
      bert = open(builder);
    } catch (UnsupportedOptionException unsupported) {
      throw switch (unsupported.option()) {
        case PRECISION -> refused("precision", properties.precision(), unsupported);
        case DEVICE -> refused("device", properties.device(), unsupported);
      };
    } catch (UnsupportedOperationException unavailable) {
      throw refused("backend", properties.backend(), unavailable);
    } catch (IOException | IllegalArgumentException failure) {
      throw refusedFile(failure);
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
      return builder.demo();
    }
    Path path = path(model);
    Optional<ModelName> name = ModelName.of(path);
    if (name.isEmpty()) {
      requireNoPull("megabert.model names a path");
      return builder.load(path);
    }
    if (properties.pull()) {
      return builder.pull(name.get().toString());
    }
    try {
      return builder.load(Hub.locate(path));
    } catch (HubException absent) {
      throw new IOException(absent.getMessage() + ", and so does megabert.pull=true", absent);
    }
  }

  private static Path path(String model) {
    try {
      return Path.of(model);
    } catch (InvalidPathException invalid) {
      throw new IllegalArgumentException("it is no path: " + invalid.getReason(), invalid);
    }
  }

  /** Reads a file by itself. */
  private interface Reading {
    Object read(Path file) throws IOException;
  }

  /**
   * The refusal of the file that is at fault: one that a property names, if it is, or the model.
   */
  private RuntimeException refusedFile(Exception failure) {
    Path tokenizer = properties.tokenizer();
    if (tokenizer != null && !isRead(tokenizer, BertTokenizer::load)) {
      return refused("tokenizer", tokenizer, failure);
    }
    Path config = properties.config();
    if (config != null && !isRead(config, MegatronBertConfig::read)) {
      return refused("config", config, failure);
    }
    String model = properties.model();
    return model == null || model.isBlank()
        ? new NoModelException(failure)
        : refused("model", model, failure);
  }

  private static boolean isRead(Path file, Reading reading) {
    try {
      var _ = reading.read(file);
      return true;
    } catch (IOException | IllegalArgumentException malformed) {
      return false;
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

  /** Whether the backend is available shows when it is opened: asking may choose its device. */
  private void requireBackend() {
    String backend = properties.backend();
    Set<String> names = new TreeSet<>(Set.of(Backends.AUTO));
    Backends.providers().forEach(provider -> names.add(provider.name()));
    if (!names.contains(backend)) {
      throw new InvalidConfigurationPropertyValueException(
          "megabert.backend", backend, "there are " + String.join(", ", names));
    }
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
