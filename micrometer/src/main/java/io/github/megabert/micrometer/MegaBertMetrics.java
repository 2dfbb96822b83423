// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.micrometer;

import io.github.megabert.MegaBert;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.FlightRecorder;
import jdk.jfr.consumer.RecordingStream;
import org.jspecify.annotations.Nullable;

/**
 * Meters of all that MegaBERT does in this process, and of the memory of named models.
 *
 * <pre>{@code
 * try (MegaBert bert = MegaBert.load(Path.of("my-model"));
 *     MegaBertMetrics metrics = new MegaBertMetrics(Map.of("my-model", bert))) {
 *   metrics.bindTo(registry);
 *   bert.textEmbedding().apply("a dog");
 * }
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>kind</th><th>says</th></tr>
 * <tr><td>{@code megabert.model.memory}</td><td>gauge, bytes; tag {@code model}</td>
 *     <td>parameters of an open model, see {@link
 *     io.github.megabert.backend.Backend#parameterBytes}</td></tr>
 * <tr><td>{@code megabert.answers}</td><td>counter; tag {@code task}</td><td>answers</td></tr>
 * <tr><td>{@code megabert.sequences}</td><td>counter</td><td>texts, pairs and windows of long texts
 *     that models read</td></tr>
 * <tr><td>{@code megabert.tokens}</td><td>counter</td><td>tokens that models read</td></tr>
 * <tr><td>{@code megabert.stage}</td><td>timer; tag {@code stage}</td><td>{@code load} of weights,
 *     {@code forward} passes, {@code answer}: from encoded texts to results, {@code queue}: the
 *     longest wait of each batch of a {@code RequestBatcher}, {@code batch}: its computation
 *     </td></tr>
 * <tr><td>{@code megabert.batch.texts}, {@code megabert.batch.tokens}</td><td>summaries</td>
 *     <td>sizes of the batches of a {@code RequestBatcher}</td></tr>
 * <tr><td>{@code megabert.batch.waiting}</td><td>gauge</td><td>requests that waited for the next
 *     batch when the latest one was done</td></tr>
 * </table>
 *
 * <p>All but the memory comes out of the events that MegaBERT gives to the JDK's Flight Recorder. A
 * stream of them is open as long as this is: every event counts, about a second after it happened.
 *
 * <p>Thread-safe. It may be bound to several registries. Closing it twice is harmless.
 */
public final class MegaBertMetrics implements MeterBinder, AutoCloseable {
  private final Map<String, MegaBert> models;
  private final Map<MeterRegistry, Binding> bound = new LinkedHashMap<>();
  private @Nullable RecordingStream events;
  private boolean closed;

  /**
   * What a registry has.
   *
   * @param memory gauges of the models
   */
  private record Binding(EventMeters events, List<Meter> memory) {}

  /** Meters of no model's memory. */
  public MegaBertMetrics() {
    this(Map.of());
  }

  /**
   * Meters with the memory of models.
   *
   * @param models by the names that tell them apart in the meters' tag; the caller closes them
   */
  public MegaBertMetrics(Map<String, MegaBert> models) {
    this.models = new LinkedHashMap<>(models);
  }

  /**
   * Registers the meters. What happens from now on is counted; binding to a registry again changes
   * nothing.
   *
   * @throws IllegalStateException if this is closed
   */
  @Override
  public void bindTo(MeterRegistry registry) {
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("the meters of MegaBERT are closed");
      }
      if (bound.containsKey(registry)) {
        return;
      }
      if (events == null) {
        events = listen();
      }
      List<Meter> memory = new ArrayList<>();
      models.forEach((name, bert) -> memory.add(memory(registry, name, bert)));
      bound.put(registry, new Binding(new EventMeters(registry), memory));
    }
  }

  private static Meter memory(MeterRegistry registry, String name, MegaBert bert) {
    // A gauge holds what it asks only weakly, unless that is a supplier.
    return Gauge.builder("megabert.model.memory", () -> bytes(bert))
        .description("Parameters of a model, packed, copied or mapped")
        .baseUnit(BaseUnits.BYTES)
        .tag("model", name)
        .register(registry);
  }

  private static double bytes(MegaBert bert) {
    var bytes = bert.backend().parameterBytes();
    return bytes.isPresent() ? (double) bytes.getAsLong() : Double.NaN;
  }

  /** Null where there is no Flight Recorder, which an application can do without. */
  private @Nullable RecordingStream listen() {
    if (!FlightRecorder.isAvailable()) {
      return without("the JVM was started without it");
    }
    RecordingStream stream;
    try {
      stream = new RecordingStream();
    } catch (IllegalStateException noFolder) {
      return without(String.valueOf(noFolder.getMessage()));
    }
    try {
      stream.setOrdered(false);
      for (EventMeters.Kind kind : EventMeters.Kind.values()) {
        stream.enable(kind.eventName());
        stream.onEvent(
            kind.eventName(), event -> all().forEach(meters -> meters.record(kind, event)));
      }
      stream.startAsync();
    } catch (RuntimeException failure) {
      stream.close();
      throw failure;
    }
    return stream;
  }

  private static @Nullable RecordingStream without(String reason) {
    System.getLogger(MegaBertMetrics.class.getName())
        .log(
            System.Logger.Level.WARNING,
            "only the memory of models is measured, for there is no Flight Recorder: {0}",
            reason);
    return null;
  }

  private synchronized List<EventMeters> all() {
    return bound.values().stream().map(Binding::events).toList();
  }

  /**
   * Counts what has happened so far, and stops listening. Counters and timers stay in their
   * registries; the memory of models goes.
   */
  @Override
  public void close() {
    RecordingStream stream;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      stream = events;
      bound.forEach((registry, binding) -> binding.memory().forEach(registry::remove));
    }
    if (stream != null) {
      // Waits for the events that have happened, whose meters take the lock.
      try {
        stream.stop();
      } catch (IllegalStateException ended) {
        // Where the JVM ends, the Flight Recorder may have stopped it before.
      }
      stream.close();
    }
    synchronized (this) {
      bound.clear();
    }
  }
}
