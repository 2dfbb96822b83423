package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RequestBatcherTest {
  private static final RequestBatcher.Options OPTIONS =
      new RequestBatcher.Options(Duration.ofMillis(20), 100);

  @Test
  void concurrentRequestsShareBatchesAndGetTheirOwnResults() throws Exception {
    AtomicInteger batches = new AtomicInteger();
    AtomicInteger largest = new AtomicInteger();
    try (RequestBatcher<Integer, Integer> batcher =
            new RequestBatcher<>(
                batch -> {
                  batches.incrementAndGet();
                  largest.accumulateAndGet(batch.size(), Math::max);
                  return batch.stream().map(i -> i * i).toList();
                },
                request -> 1,
                OPTIONS);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        int request = i;
        results.add(threads.submit(() -> batcher.apply(request)));
      }
      for (int i = 0; i < results.size(); i++) {
        assertEquals(i * i, results.get(i).get());
      }
    }
    assertTrue(batches.get() < 500, batches + " batches for 2000 requests");
    assertTrue(largest.get() <= 100, "a batch of " + largest);
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
                OPTIONS);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int request = i;
        results.add(threads.submit(() -> batcher.apply(request)));
      }
      for (int i = 0; i < results.size(); i++) {
        Future<Integer> result = results.get(i);
        if (i == 7) {
          Exception failure = assertThrows(ExecutionException.class, result::get);
          assertSame(fault, failure.getCause());
        } else {
          assertEquals(i, result.get());
        }
      }
    }
  }

  @Test
  void aLonelyRequestWaitsNoLongerThanTheLatency() throws Exception {
    try (RequestBatcher<Integer, Integer> batcher =
        new RequestBatcher<>(batch -> batch, request -> 1, OPTIONS)) {
      batcher.apply(0);
      long start = System.nanoTime();
      assertEquals(3, batcher.apply(3));
      long millis = (System.nanoTime() - start) / 1_000_000;
      assertTrue(millis >= 15 && millis < 2000, millis + " ms");
    }
  }

  @Test
  void closingServesThoseWhoWaitAndRefusesOthers() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    RequestBatcher<Integer, Integer> batcher =
        new RequestBatcher<>(
            batch -> {
              began.countDown();
              LockSupport.parkNanos(50_000_000);
              return batch;
            },
            request -> 60,
            new RequestBatcher.Options(Duration.ZERO, 100));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int request = i;
        results.add(threads.submit(() -> batcher.apply(request)));
      }
      began.await();
      // Threads that have not come yet are refused; the first has come.
      batcher.close();
      batcher.close();
      int served = 0;
      for (int i = 0; i < results.size(); i++) {
        try {
          assertEquals(i, results.get(i).get());
          served++;
        } catch (ExecutionException late) {
          assertTrue(late.getCause() instanceof IllegalStateException, late.toString());
        }
      }
      assertTrue(served >= 1);
    }
    Exception refused = assertThrows(IllegalStateException.class, () -> batcher.apply(1));
    assertEquals("the request batcher is closed", refused.getMessage());
  }
}
