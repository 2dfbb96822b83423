// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.consumer.RecordedEvent;

/** The meters of one registry that are fed by events of the Flight Recorder. */
final class EventMeters {
  /** The events. */
  enum Kind {
    MODEL_LOAD("ModelLoad"),
    FORWARD_PASS("ForwardPass"),
    ANSWERS("Answers"),
    REQUEST_BATCH("RequestBatch");

    private final String eventName;

    Kind(String name) {
      eventName = "io.github.megabert." + name;
    }

    String eventName() {
      return eventName;
    }
  }

  private final MeterRegistry registry;
  private final Timer load;
  private final Timer forward;
  private final Timer answer;
  private final Timer queue;
  private final Timer batch;
  private final Counter tokens;
  private final Counter sequences;
  private final DistributionSummary batchTexts;
  private final DistributionSummary batchTokens;
  private final AtomicInteger waiting = new AtomicInteger();

  EventMeters(MeterRegistry registry) {
    this.registry = registry;
    load = stage("load");
    forward = stage("forward");
    answer = stage("answer");
    queue = stage("queue");
    batch = stage("batch");
    tokens =
        Counter.builder("megabert.tokens")
            .description("Tokens that models read")
            .register(registry);
    sequences =
        Counter.builder("megabert.sequences")
            .description("Texts, pairs and windows of long texts that models read")
            .register(registry);
    batchTexts =
        DistributionSummary.builder("megabert.batch.texts")
            .description("Requests of a batch")
            .register(registry);
    batchTokens =
        DistributionSummary.builder("megabert.batch.tokens")
            .description("Tokens of a batch of requests")
            .register(registry);
    Gauge.builder("megabert.batch.waiting", waiting::get)
        .description("Requests that waited when the latest batch was done")
        .register(registry);
  }

  private Timer stage(String name) {
    return Timer.builder("megabert.stage")
        .description("What models and requests spend their time on")
        .tag("stage", name)
        .register(registry);
  }

  /** Counts an event, in which only what it says of this kind is asked for. */
  void record(Kind kind, RecordedEvent event) {
    switch (kind) {
      case MODEL_LOAD -> load.record(event.getDuration());
      case FORWARD_PASS -> {
        forward.record(event.getDuration());
        tokens.increment(event.getInt("rows"));
        sequences.increment(event.getInt("sequences"));
      }
      case ANSWERS -> {
        answer.record(event.getDuration());
        answers(event.getString("task")).increment(event.getInt("answers"));
      }
      case REQUEST_BATCH -> {
        batch.record(event.getDuration());
        queue.record(event.getDuration("longestWait"));
        batchTexts.record(event.getInt("requests"));
        batchTokens.record((double) event.getLong("length"));
        waiting.set(event.getInt("waiting"));
      }
    }
  }

  private Counter answers(String task) {
    return Counter.builder("megabert.answers")
        .description("Answers of a task")
        .tag("task", task)
        .register(registry);
  }
}
