// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Fixtures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A model's warm-up can be waited for, and closing the model leaves nobody waiting. */
class WarmedModelTest {
  private static final Path MODEL = Fixtures.transformers("MegatronBertForMaskedLM");

  @Test
  void plainLoopsAreWarmAtOnce() throws IOException {
    try (MegaBert bert = MegaBert.builder().backend(Backends.SCALAR).warmUp(true).load(MODEL)) {
      CompletableFuture<Void> ready = bert.warmUp();
      assertTrue(ready.isDone());
      assertFalse(ready.isCompletedExceptionally());
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
