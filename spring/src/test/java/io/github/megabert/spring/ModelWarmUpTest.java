// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backends;
import io.github.megabert.spring.MegaBertProperties.WarmUp;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** What the health says while a model is warmed up, and how that ends. */
@Timeout(300)
class ModelWarmUpTest {
  private static MegaBert bert;

  @BeforeAll
  static void open() throws IOException {
    bert = MegaBert.builder().backend(Backends.SCALAR).demo();
  }

  @AfterAll
  static void close() {
    bert.close();
  }

  private static Health health(ModelWarmUp warmUp) {
    Health health = new MegaBertHealthIndicator(bert, warmUp).health();
    assertEquals("scalar", health.getDetails().get("backend"));
    assertEquals(bert.checkpoint().source(), health.getDetails().get("model"));
    return health;
  }

  private static void await(ModelWarmUp warmUp, ModelWarmUp.State state)
      throws InterruptedException {
    while (warmUp.state() != state) {
      Thread.sleep(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void outOfServiceUntilItIsWarm() throws InterruptedException {
    CountDownLatch finish = new CountDownLatch(1);
    ModelWarmUp warmUp = new ModelWarmUp(WarmUp.BACKGROUND, () -> await(finish));
    assertEquals(Status.OUT_OF_SERVICE, health(warmUp).getStatus());
    warmUp.start();
    assertTrue(warmUp.isRunning());
    Health warming = health(warmUp);
    assertEquals(Status.OUT_OF_SERVICE, warming.getStatus());
    assertEquals("the model is being warmed up", warming.getDetails().get("reason"));
    finish.countDown();
    await(warmUp, ModelWarmUp.State.WARM);
    assertEquals(Status.UP, health(warmUp).getStatus());
  }

  @Test
  void downIfItCannotBeWarmed() throws InterruptedException {
    ModelWarmUp warmUp =
        new ModelWarmUp(
            WarmUp.BACKGROUND,
            () -> {
              throw new CompletionException(new IllegalStateException("the file was cut short"));
            });
    warmUp.start();
    await(warmUp, ModelWarmUp.State.FAILED);
    Health health = health(warmUp);
    assertEquals(Status.DOWN, health.getStatus());
    assertEquals(
        "java.lang.IllegalStateException: the file was cut short",
        health.getDetails().get("reason"));
  }

  @Test
  void theStartWaitsIfItIsTo() {
    AtomicInteger done = new AtomicInteger();
    ModelWarmUp warmUp = new ModelWarmUp(WarmUp.WAIT, done::incrementAndGet);
    warmUp.start();
    assertEquals(1, done.get());
    assertEquals(Status.UP, health(warmUp).getStatus());

    ModelWarmUp broken =
        new ModelWarmUp(
            WarmUp.WAIT,
            () -> {
              throw new IllegalStateException("the file was cut short");
            });
    assertThrows(IllegalStateException.class, broken::start);
    assertEquals(Status.DOWN, health(broken).getStatus());
  }

  @Test
  void aContextThatWasPausedIsStillWarm() {
    AtomicInteger done = new AtomicInteger();
    ModelWarmUp warmUp = new ModelWarmUp(WarmUp.WAIT, done::incrementAndGet);
    warmUp.start();
    warmUp.stop();
    warmUp.start();
    assertEquals(1, done.get());
    assertEquals(ModelWarmUp.State.WARM, warmUp.state());
  }

  @Test
  void withoutAWarmUpItIsUpAtOnce() {
    ModelWarmUp warmUp =
        new ModelWarmUp(
            WarmUp.OFF,
            () -> {
              throw new AssertionError("nothing is to be warmed");
            });
    warmUp.start();
    assertEquals(Status.UP, health(warmUp).getStatus());
  }
}
