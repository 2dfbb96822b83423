// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** When the warm-up begins and ends; not how long it takes. */
class WarmUpTest {
  private final WarmUp warmUp = new WarmUp();

  /** As slow as a kernel that no compiler has seen, for ever. */
  private static final class Slow extends Kernel {
    private final CountDownLatch begun = new CountDownLatch(1);
    private volatile Thread thread = Thread.currentThread();

    @Override
    protected void exercise(Operands operands) {
      thread = Thread.currentThread();
      begun.countDown();
      LockSupport.parkNanos(100_000);
    }
  }

  /** Fast from the beginning. */
  private static final class Fast extends Kernel {
    @Override
    protected void exercise(Operands operands) {}
  }

  @Test
  void closingTheLastBackendEndsIt() throws InterruptedException {
    Slow kernel = new Slow();
    warmUp.opened();
    warmUp.opened();
    CompletableFuture<Void> ready = warmUp.warm(List.of(kernel));
    kernel.begun.await();
    warmUp.closed();
    assertFalse(ready.isDone());
    warmUp.closed();
    assertTrue(ready.isCancelled());
    kernel.thread.join();
    assertEquals(Kernel.State.WANTED, kernel.state());
  }

  @Test
  void anotherBackendBeginsItAgain() throws Exception {
    Fast kernel = new Fast();
    warmUp.opened();
    warmUp.closed();
    assertTrue(warmUp.warm(List.of(kernel)).isCancelled());
    warmUp.opened();
    warmUp.warm(List.of(kernel)).get(5, TimeUnit.MINUTES);
    assertEquals(Kernel.State.READY, kernel.state());
    assertTrue(warmUp.warm(List.of(kernel)).isDone());
    warmUp.closed();
  }
}
