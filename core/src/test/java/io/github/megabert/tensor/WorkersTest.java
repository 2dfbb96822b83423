// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyIterationRunsOnceAndIsSeenByTheCaller(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int iterations : new int[] {0, 1, 2, 7, 1000}) {
        for (int repeat = 0; repeat < 50; repeat++) {
          int[] counts = new int[iterations];
          workers.run(iterations, index -> counts[index]++);
          assertEquals(iterations, IntStream.of(counts).filter(count -> count == 1).count());
        }
      }
    }
  }

  @Test
  void manyCallersAtOnceEachGetTheirOwnIterations() throws Exception {
    try (Workers workers = new Workers(3);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?>[] calls = new Future<?>[200];
      for (int c = 0; c < calls.length; c++) {
        calls[c] =
            callers.submit(
                () -> {
                  AtomicIntegerArray counts = new AtomicIntegerArray(97);
                  workers.run(97, counts::incrementAndGet);
                  for (int i = 0; i < 97; i++) {
                    assertEquals(1, counts.get(i));
                  }
                });
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
  }

  /** With fewer, the team helps: two iterations that wait for each other need two threads. */
  @Test
  void asManyCallersAsThreadsRunTheirLoopsAlone() {
    try (Workers workers = new Workers(2)) {
      workers.enter();
      CyclicBarrier both = new CyclicBarrier(2);
      workers.run(2, index -> await(both));
      workers.enter();
      Thread caller = Thread.currentThread();
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      workers.run(1000, index -> threads.add(Thread.currentThread()));
      assertEquals(Set.of(caller), threads);
      workers.leave();
      workers.run(2, index -> await(both));
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException broken) {
      throw new IllegalStateException(broken);
    }
  }

  @Test
  void loopsMayBeNested() {
    try (Workers workers = new Workers(3)) {
      AtomicIntegerArray counts = new AtomicIntegerArray(100);
      workers.run(
          10, outer -> workers.run(10, inner -> counts.incrementAndGet(outer * 10 + inner)));
      for (int i = 0; i < 100; i++) {
        assertEquals(1, counts.get(i));
      }
    }
  }

  @Test
  void anExceptionReachesTheCallerAndTheTeamWorksOn() {
    try (Workers workers = new Workers(2)) {
      IllegalStateException thrown =
          assertThrows(
              IllegalStateException.class,
              () ->
                  workers.run(
                      20,
                      index -> {
                        if (index == 13) {
                          throw new IllegalStateException("unlucky");
                        }
                      }));
      assertEquals("unlucky", thrown.getMessage());
      AtomicIntegerArray counts = new AtomicIntegerArray(5);
      workers.run(5, counts::incrementAndGet);
      assertEquals(1, counts.get(4));
    }
  }

  @Test
  void aClosedTeamRunsOnTheCaller() {
    Workers workers = new Workers(2);
    workers.close();
    AtomicIntegerArray counts = new AtomicIntegerArray(5);
    workers.run(5, counts::incrementAndGet);
    assertEquals(1, counts.get(0));
    assertThrows(IllegalArgumentException.class, () -> new Workers(0));
  }
}
