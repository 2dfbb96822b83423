// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process has one model, as long as somebody uses it. */
class SharedModelsTest {
  private static final ModelSource SOURCE =
      new ModelSource(TestModels.SENTENCES.toString(), false, 1, 4096);
  private static final Duration LONG = Duration.ofSeconds(50);

  @Test
  void usersShareAModelWhichIsClosedOnceItIsIdle() throws InterruptedException {
    SharedModels models = new SharedModels(0);
    SharedModels.Lease first = models.acquire(SOURCE);
    SharedModels.Lease second = models.acquire(SOURCE);
    MegaBert model = first.model();
    assertSame(model, second.model());
    first.close();
    first.close();
    assertEquals(1, model.textEmbedding().applyAll(List.of("a dog")).size());
    second.close();
    long end = System.nanoTime() + LONG.toNanos();
    while (models.size() > 0) {
      assertTrue(System.nanoTime() < end, "it was never closed");
      Thread.sleep(5);
    }
    assertThrows(IllegalStateException.class, () -> model.textEmbedding().apply("a dog"));
    try (SharedModels.Lease again = models.acquire(SOURCE)) {
      assertNotSame(model, again.model());
    }
  }

  @Test
  void aModelThatIsUsedAgainInTimeStaysOpen() {
    SharedModels models = new SharedModels(3600);
    SharedModels.Lease first = models.acquire(SOURCE);
    MegaBert model = first.model();
    first.close();
    try (SharedModels.Lease again = models.acquire(SOURCE)) {
      assertSame(model, again.model());
    }
    assertEquals(1, models.size());
    model.close();
  }
}
