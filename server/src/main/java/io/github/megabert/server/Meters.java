// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** What a server counts and measures, for Prometheus. */
final class Meters implements AutoCloseable {
  /** What happens to a request, one after the other. */
  enum Stage {
    /** Its body is read. */
    READ,
    /** A text is encoded for the first time, and counted. */
    TOKENIZE,
    /** A text waits for its batch. */
    QUEUE,
    /** A batch is computed. */
    COMPUTE,
    /** The answer is written. */
    WRITE
  }

  private static final Duration[] BOUNDS = {
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2_500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  /** Where Linux tells about a process. */
  private static final Path PROCESS = Path.of("/proc/self/status");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<Stage, Timer> stages = new EnumMap<>(Stage.class);
  private final DistributionSummary batchTexts =
      summary("megabert.batch.texts", "Texts of a batch", 1, 2, 4, 8, 16, 32, 64, 128, 256, 512);
  private final DistributionSummary batchTokens =
      summary("megabert.batch.tokens", "Tokens of a batch", 16, 64, 256, 1024, 4096, 16384);
  private final Counter tokens =
      Counter.builder("megabert.tokens").description("Tokens that models read").register(registry);

  Meters() {
    for (Stage stage : Stage.values()) {
      stages.put(
          stage,
          Timer.builder("megabert.stage")
              .description("What requests spend their time on")
              .tag("stage", stage.name().toLowerCase(Locale.ROOT))
              .serviceLevelObjectives(BOUNDS)
              .register(registry));
    }
    new JvmMemoryMetrics().bindTo(registry);
    if (Files.isReadable(PROCESS)) {
      Gauge.builder("process.resident.memory.bytes", Meters::residentBytes)
          .description("Memory of the process, that of models included")
          .register(registry);
    }
  }

  private DistributionSummary summary(String name, String description, double... bounds) {
    return DistributionSummary.builder(name)
        .description(description)
        .serviceLevelObjectives(bounds)
        .register(registry);
  }

  private static double residentBytes() {
    try {
      for (String line : Files.readAllLines(PROCESS)) {
        if (line.startsWith("VmRSS:")) {
          return Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024;
        }
      }
      return Double.NaN;
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  /** Adds the number of texts that wait for a model. */
  void queue(String model, IntSupplier texts) {
    Gauge.builder("megabert.queue.texts", kept(texts))
        .description("Texts that wait for a model or are computed by it")
        .tag("model", model)
        .register(registry);
  }

  /** Adds the number of requests that are served. */
  void active(IntSupplier requests) {
    Gauge.builder("megabert.requests.active", kept(requests))
        .description("Requests that are served now")
        .register(registry);
  }

  /** A gauge holds what it asks only weakly, unless that is a supplier. */
  private static Supplier<Number> kept(IntSupplier number) {
    return number::getAsInt;
  }

  void stage(Stage stage, Duration time) {
    stages.get(stage).record(time);
  }

  void batch(int texts, long length) {
    batchTexts.record(texts);
    batchTokens.record((double) length);
    tokens.increment((double) length);
  }

  /**
   * Counts a request that has its answer.
   *
   * @param route one of those that there are: names out of requests would be without end
   */
  void request(String route, int status, Duration time) {
    Timer.builder("megabert.requests")
        .description("Requests, from their headers to the last byte of their answer")
        .tag("route", route)
        .tag("status", Integer.toString(status))
        .serviceLevelObjectives(BOUNDS)
        .register(registry)
        .record(time);
  }

  /** All of them, in Prometheus' text format. */
  String text() {
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }
}
