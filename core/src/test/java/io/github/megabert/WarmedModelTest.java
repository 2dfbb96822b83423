// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backends;
import io.github.megabert.model.Fixtures;
import io.github.megabert.task.PipelineFixtures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A model's warm-up can be waited for, and closing the model leaves nobody waiting. */
class WarmedModelTest {
  private static final Path MODEL = Fixtures.folder("transformers/MegatronBertForMaskedLM");

  @Test
  void plainLoopsAreWarmAtOnce() throws IOException {
    try (MegaBert bert = MegaBert.builder().backend(Backends.SCALAR).warmUp(true).load(MODEL)) {
      CompletableFuture<Void> ready = bert.warmUp();
      assertTrue(ready.isDone());
      assertFalse(ready.isCompletedExceptionally());
    }
  }

  @Test
  void weightsAreLoadedOnce() throws IOException {
    AtomicInteger tensors = new AtomicInteger();
    try (MegaBert bert =
        MegaBert.builder()
            .backend(Backends.SCALAR)
            .tokenizer(PipelineFixtures.tokenizerFolder())
            .loading((tensor, done, total) -> tensors.incrementAndGet())
            .load(Fixtures.folder("pipelines/fill_mask"))) {
      assertEquals(0, tensors.get());
      bert.loadWeights(Set.of(Task.FILL_MASK, Task.TEXT_EMBEDDING));
      int loaded = tensors.get();
      assertTrue(loaded > 0);
      bert.fillMask();
      bert.textEmbedding();
      assertEquals(loaded, tensors.get());
      assertThrows(
          IllegalArgumentException.class, () -> bert.loadWeights(Set.of(Task.QUESTION_ANSWERING)));
    }
  }

  @Test
  void closingTheModelEndsTheWaiting() throws IOException {
    CompletableFuture<Void> ready;
    try (MegaBert bert = MegaBert.builder().backend(Backends.VECTOR).load(MODEL)) {
      ready = bert.warmUp();
    }
    assertTrue(ready.isDone());
    assertEquals(ready.isCancelled(), ready.isCompletedExceptionally());
  }
}
