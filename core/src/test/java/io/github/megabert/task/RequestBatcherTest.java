// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.task.RequestBatcher.Options;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RequestBatcherTest {
  private static final Options OPTIONS =
      Options.DEFAULT
          .withLatency(Duration.ofMillis(20))
          .withBudget(100)
          .withMaxWaiting(5000)
          .withDeadline(Options.NO_DEADLINE);

  /** Squares numbers; a batch waits until the gate is open. */
  private static final class Squares implements AutoCloseable {
    private final CountDownLatch began = new CountDownLatch(1);
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
    private final RequestBatcher<Integer, Integer> batcher;

    Squares(Options options) {
      batcher = new RequestBatcher<>(this::compute, request -> 1, options);
    }

    private List<Integer> compute(List<Integer> batch) {
      began.countDown();
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      batches.add(batch);
      return batch.stream().map(i -> i * i).toList();
    }

    /** A request that is being computed, and waits for the gate. */
    CompletableFuture<Integer> begun(int request) throws InterruptedException {
      CompletableFuture<Integer> result = batcher.submit(request);
      began.await();
      return result;
    }

    @Override
    public void close() {
      gate.countDown();
      batcher.close();
    }
  }

  @Test
  void requestsThatWaitTogetherAreComputedTogether() throws Exception {
    try (Squares squares = new Squares(OPTIONS.withLatency(Duration.ZERO))) {
      List<CompletableFuture<Integer>> results = new ArrayList<>(List.of(squares.begun(0)));
      for (int i = 1; i <= 250; i++) {
        results.add(squares.batcher.submit(i));
      }
      squares.gate.countDown();
      for (int i = 0; i < results.size(); i++) {
        assertEquals(i * i, results.get(i).get());
      }
      assertEquals(List.of(1, 100, 100, 50), squares.batches.stream().map(List::size).toList());
    }
  }

  @Test
  void callersThatWaitGetTheirOwnResults() throws Exception {
    try (Squares squares = new Squares(OPTIONS);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      squares.gate.countDown();
      List<Future<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        int request = i;
        results.add(threads.submit(() -> squares.batcher.apply(request)));
      }
      for (int i = 0; i < results.size(); i++) {
        assertEquals(i * i, results.get(i).get());
      }
      assertTrue(squares.batches.stream().allMatch(batch -> batch.size() <= 100));
    }
  }

  @Test
  void aFailingRequestFailsAlone() throws Exception {
    IllegalArgumentException fault = new IllegalArgumentException("7 is not liked");
    try (RequestBatcher<Integer, Integer> batcher =
        new RequestBatcher<>(
            batch -> {
              if (batch.contains(7)) {
                throw fault;
              }
              return batch;
            },
            request -> 1,
            OPTIONS)) {
      List<CompletableFuture<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        results.add(batcher.submit(i));
      }
      for (int i = 0; i < results.size(); i++) {
        CompletableFuture<Integer> result = results.get(i);
        if (i == 7) {
          assertSame(fault, assertThrows(ExecutionException.class, result::get).getCause());
        } else {
          assertEquals(i, result.get());
        }
      }
      assertSame(fault, assertThrows(IllegalArgumentException.class, () -> batcher.apply(7)));
    }
  }

  @Test
  void aRequestThatCannotBeMeasuredFailsByItself() {
    IllegalArgumentException fault = new IllegalArgumentException("too long");
    try (RequestBatcher<Integer, Integer> batcher =
        new RequestBatcher<>(
            batch -> batch,
            request -> {
              throw fault;
            },
            OPTIONS)) {
      CompletableFuture<Integer> result = batcher.submit(1);
      assertSame(fault, assertThrows(ExecutionException.class, result::get).getCause());
    }
  }

  @Test
  void aLonelyRequestWaitsForOthersAndIsServedWithoutThem() throws Exception {
    try (RequestBatcher<Integer, Integer> batcher =
        new RequestBatcher<>(batch -> batch, request -> 1, OPTIONS)) {
      batcher.apply(0);
      long start = System.nanoTime();
      assertEquals(3, batcher.apply(3));
      assertTrue(System.nanoTime() - start >= 15_000_000);
    }
  }

  @Test
  void noMoreRequestsWaitThanMay() throws Exception {
    try (Squares squares = new Squares(OPTIONS.withMaxWaiting(2))) {
      CompletableFuture<Integer> computed = squares.begun(1);
      CompletableFuture<Integer> first = squares.batcher.submit(2);
      CompletableFuture<Integer> second = squares.batcher.submit(3);
      Exception refused =
          assertThrows(RejectedExecutionException.class, () -> squares.batcher.submit(4));
      assertEquals(
          "2 requests wait, as many as may (maxWaiting); send this one again later",
          refused.getMessage());
      assertTrue(first.cancel(false));
      CompletableFuture<Integer> third = squares.batcher.submit(5);
      squares.gate.countDown();
      assertEquals(1, computed.get());
      assertThrows(CancellationException.class, first::get);
      assertEquals(9, second.get());
      assertEquals(25, third.get());
      assertFalse(squares.batches.stream().anyMatch(batch -> batch.contains(2)));
    }
  }

  @Test
  void aLateRequestFailsAndIsNotComputed() throws Exception {
    try (Squares squares = new Squares(OPTIONS.withDeadline(Duration.ofMillis(1)))) {
      CompletableFuture<Integer> computed = squares.batcher.submit(1, Options.NO_DEADLINE);
      squares.began.await();
      CompletableFuture<Integer> late = squares.batcher.submit(2);
      Throwable cause = assertThrows(ExecutionException.class, late::get).getCause();
      assertEquals(TimeoutException.class, cause.getClass());
      assertEquals("the request had no result after PT0.001S", cause.getMessage());
      assertThrows(TimeoutException.class, () -> squares.batcher.apply(3));
      squares.gate.countDown();
      assertEquals(1, computed.get());
      assertEquals(16, squares.batcher.submit(4, Options.NO_DEADLINE).get());
      assertEquals(List.of(List.of(1), List.of(4)), squares.batches);
    }
  }

  @Test
  void anInterruptedCallerTakesItsRequestBack() throws Exception {
    try (Squares squares = new Squares(OPTIONS)) {
      CompletableFuture<Integer> computed = squares.begun(1);
      CompletableFuture<Throwable> ended = new CompletableFuture<>();
      Thread caller =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      squares.batcher.apply(2);
                      ended.complete(new AssertionError("a result came"));
                    } catch (InterruptedException | TimeoutException e) {
                      ended.complete(e);
                    }
                  });
      caller.interrupt();
      assertEquals(InterruptedException.class, ended.get().getClass());
      squares.gate.countDown();
      assertEquals(1, computed.get());
      assertEquals(9, squares.batcher.apply(3));
      assertEquals(List.of(List.of(1), List.of(3)), squares.batches);
    }
  }

  @Test
  void closingServesThoseWhoWaitAndRefusesOthers() throws Exception {
    Squares squares = new Squares(OPTIONS);
    CompletableFuture<Integer> computed = squares.begun(1);
    CompletableFuture<Integer> waiting = squares.batcher.submit(2);
    squares.close();
    squares.close();
    assertEquals(1, computed.get());
    assertEquals(4, waiting.get());
    Exception refused = assertThrows(IllegalStateException.class, () -> squares.batcher.apply(1));
    assertEquals("the request batcher is closed", refused.getMessage());
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> OPTIONS.withLatency(Duration.ofMillis(-1)));
    assertThrows(IllegalArgumentException.class, () -> OPTIONS.withBudget(0));
    assertThrows(IllegalArgumentException.class, () -> OPTIONS.withMaxWaiting(0));
    assertThrows(IllegalArgumentException.class, () -> OPTIONS.withDeadline(Duration.ZERO));
  }
}
