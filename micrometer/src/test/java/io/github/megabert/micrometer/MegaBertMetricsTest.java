// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backends;
import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextEmbedding;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;

class MegaBertMetricsTest {
  private static MegaBert demo() throws IOException {
    return MegaBert.builder().backend(Backends.SCALAR).demo();
  }

  private static double counter(MeterRegistry registry, String name, String... tags) {
    return registry.get(name).tags(tags).counter().count();
  }

  private static Timer stage(MeterRegistry registry, String stage) {
    return registry.get("megabert.stage").tag("stage", stage).timer();
  }

  @Test
  void whatAModelDoesIsCounted() throws Exception {
    MeterRegistry registry = new SimpleMeterRegistry();
    List<String> texts = List.of("a dog", "a cat sleeps", "no");
    int tokens;
    try (MegaBert bert = demo();
        var metrics = new MegaBertMetrics()) {
      metrics.bindTo(registry);
      TextEmbedding embedding = bert.textEmbedding();
      tokens =
          texts.stream().mapToInt(text -> embedding.tokens(text, embedding.defaultOptions())).sum();
      embedding.applyAll(texts);
      tokens += bert.fillMask().tokens("a [MASK]", bert.fillMask().defaultOptions());
      bert.fillMask().best("a [MASK]", 1);
    }
    assertEquals(3, counter(registry, "megabert.answers", "task", "text-embedding"));
    assertEquals(1, counter(registry, "megabert.answers", "task", "fill-mask"));
    assertEquals(4, counter(registry, "megabert.sequences"));
    assertEquals(tokens, counter(registry, "megabert.tokens"));
    // The embeddings' model and the one with a head for masks.
    assertEquals(2, stage(registry, "load").count());
    assertEquals(2, stage(registry, "forward").count());
    assertEquals(2, stage(registry, "answer").count());
    assertTrue(
        stage(registry, "answer").totalTime(TimeUnit.NANOSECONDS)
            >= stage(registry, "forward").totalTime(TimeUnit.NANOSECONDS));
    assertEquals(0, stage(registry, "batch").count());
  }

  @Test
  void batchesOfRequestsAreMeasured() throws Exception {
    MeterRegistry registry = new SimpleMeterRegistry();
    try (var metrics = new MegaBertMetrics()) {
      metrics.bindTo(registry);
      RequestBatcher.Options options =
          RequestBatcher.Options.DEFAULT.withLatency(Duration.ofHours(1)).withBudget(12);
      try (RequestBatcher<Integer, Integer> batcher =
          new RequestBatcher<>(batch -> batch, request -> request, options)) {
        var first = batcher.submit(5);
        var second = batcher.submit(7);
        assertEquals(5, first.get());
        assertEquals(7, second.get());
      }
    }
    assertEquals(1, stage(registry, "batch").count());
    assertEquals(1, stage(registry, "queue").count());
    assertTrue(stage(registry, "queue").totalTime(TimeUnit.NANOSECONDS) > 0);
    assertEquals(2, registry.get("megabert.batch.texts").summary().totalAmount());
    assertEquals(12, registry.get("megabert.batch.tokens").summary().totalAmount());
    assertEquals(0, registry.get("megabert.batch.waiting").gauge().value());
  }

  @Test
  void memoryOfAModelIsThatOfItsParameters() throws Exception {
    MeterRegistry registry = new SimpleMeterRegistry();
    MegaBert bert = demo();
    try (var metrics = new MegaBertMetrics(Map.of("demo", bert))) {
      metrics.bindTo(registry);
      var memory = registry.get("megabert.model.memory").tag("model", "demo").gauge();
      assertEquals(0, memory.value(), "weights are loaded when they are needed");
      bert.textEmbedding();
      double embeddings = memory.value();
      assertEquals((double) bert.backend().parameterBytes().getAsLong(), embeddings);
      bert.fillMask();
      // The head's own: a layer, its normalisation, and the words' table as a layer with biases.
      int hidden = bert.config().hiddenSize();
      int words = bert.config().vocabSize();
      long head = (long) hidden * hidden + 3L * hidden + (long) words * hidden + words;
      assertEquals(4.0 * head, memory.value() - embeddings);
      bert.close();
      assertEquals(0, memory.value());
    }
    assertNull(registry.find("megabert.model.memory").gauge());
  }

  @Test
  void severalRegistriesCountTheSame() throws Exception {
    MeterRegistry one = new SimpleMeterRegistry();
    var two = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (MegaBert bert = demo();
        var metrics = new MegaBertMetrics(Map.of("demo", bert))) {
      metrics.bindTo(one);
      metrics.bindTo(two);
      metrics.bindTo(one);
      bert.textEmbedding().apply("a dog");
    }
    assertEquals(1, counter(one, "megabert.answers", "task", "text-embedding"));
    String page = two.scrape();
    assertTrue(page.contains("megabert_answers_total{task=\"text-embedding\"} 1.0\n"), page);
    assertTrue(page.contains("megabert_stage_seconds_count{stage=\"forward\"} 1\n"), page);
  }

  @Test
  void metersMayBeClosedWhenTheFlightRecorderHasStopped() {
    List<Recording> others = FlightRecorder.getFlightRecorder().getRecordings();
    var metrics = new MegaBertMetrics();
    metrics.bindTo(new SimpleMeterRegistry());
    // As the JVM does at its end.
    List<Recording> recordings =
        FlightRecorder.getFlightRecorder().getRecordings().stream()
            .filter(recording -> !others.contains(recording))
            .toList();
    assertEquals(1, recordings.size());
    recordings.getFirst().stop();
    metrics.close();
  }

  @Test
  void closedMetersBindToNothing() {
    var metrics = new MegaBertMetrics();
    metrics.close();
    metrics.close();
    var failure =
        assertThrows(IllegalStateException.class, () -> metrics.bindTo(new SimpleMeterRegistry()));
    assertEquals("the meters of MegaBERT are closed", failure.getMessage());
  }
}
