// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring.application;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.micrometer.MegaBertMetrics;
import io.github.megabert.task.TextEmbedding;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.SpringBootTest;

/** A whole application, whose model is warm before it serves. */
@SpringBootTest(
    properties = {
      "megabert.warm-up=wait",
      "megabert.threads=2",
      "megabert.tasks=text-embedding",
      "management.endpoint.health.group.readiness.include=readinessState,megabert"
    })
class ApplicationTest {
  @SpringBootApplication
  static class Application {}

  @Autowired private MegaBert bert;
  @Autowired private EmbeddingModel embeddings;
  @Autowired private HealthEndpoint health;
  @Autowired private MeterRegistry registry;
  @Autowired private MegaBertMetrics metrics;
  @Autowired private SpringExample.Retrieval retrieval;

  @Test
  void itIsReadyAndCounts() {
    assertEquals(Status.UP, health.health().getStatus());
    assertEquals(Status.UP, health.healthForPath("megabert").getStatus());
    assertEquals(Status.UP, health.healthForPath("readiness").getStatus());

    TextEmbedding.Options normalized = TextEmbedding.Options.DEFAULT.withNormalize(true);
    float[] expected = bert.textEmbedding().apply("a dog", normalized).vector();
    assertArrayEquals(expected, embeddings.embed("a dog"));
    assertArrayEquals(expected, embeddings.embed(new Document("a dog")));
    assertArrayEquals(expected, retrieval.vector("a dog"));

    double memory = registry.get("megabert.model.memory").tag("model", "megaBert").gauge().value();
    assertEquals((double) bert.backend().parameterBytes().getAsLong(), memory);
    assertTrue(memory > 0);
    // Events come about a second late, or now.
    metrics.close();
    assertEquals(
        4, registry.get("megabert.answers").tag("task", "text-embedding").counter().count());
    assertEquals(1, registry.get("megabert.stage").tag("stage", "load").timer().count());
    assertEquals(4, registry.get("megabert.stage").tag("stage", "forward").timer().count());
  }
}
