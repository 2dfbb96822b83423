// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ThreadRanksTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 8})
  void operationsEqualPlainLoops(int ranks) {
    RandomInput.check(
        1,
        input -> {
          long seed = input.random().nextLong();
          ThreadRanks.run(ranks, world -> CommunicatorClaims.check(world, seed));
        });
  }

  @Test
  void resultsComeInTheOrderOfTheRanks() throws InterruptedException {
    assertEquals(
        List.of(0, 10, 20, 30), ThreadRanks.call(4, world -> world.rank() * world.size() / 4 * 10));
    assertThrows(IllegalArgumentException.class, () -> ThreadRanks.run(0, world -> {}));
  }

  @Test
  void aRankThatThrowsEndsTheOthersByItsName() {
    IllegalStateException thrown = new IllegalStateException("the disk is full");
    AtomicReference<Throwable> seen = new AtomicReference<>();
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    4,
                    world -> {
                      if (world.rank() == 2) {
                        throw thrown;
                      }
                      if (world.rank() == 1) {
                        seen.set(
                            assertThrows(
                                RankFailedException.class, () -> world.receive(floats(3), 2, 0)));
                      }
                      world.split(world.rank() == 2 ? 0 : 1, 0).barrier();
                    }));
    assertEquals(2, failure.rank());
    assertEquals("rank 2 failed: the disk is full", failure.getMessage());
    assertSame(thrown, failure.getCause());
    assertEquals(failure.getMessage(), seen.get().getMessage());
  }

  @Test
  void aFailureEndsAnAllReduceInTheBackground() {
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    3,
                    world -> {
                      world.startAllReduce(floats(5), Reduction.SUM).await();
                      if (world.rank() == 1) {
                        throw new AssertionError("wrong");
                      }
                      world.startAllReduce(floats(5), Reduction.SUM).await();
                    }));
    assertEquals("rank 1 failed: java.lang.AssertionError: wrong", failure.getMessage());
  }

  @Test
  void ranksThatDoNotDoTheSameAreTold() {
    assertEquals(
        "rank 0 calls an all-reduce (sum) of 4 numbers, "
            + "rank 1 of the same group calls an all-reduce (sum) of 5 numbers",
        disagreement(2, world -> world.allReduce(floats(4 + world.rank()), Reduction.SUM)));
    assertEquals(
        "no rank can go on: rank 0 waits in a receive of 8 bytes from rank 1 with tag 3, "
            + "rank 1 waits in a receive of 8 bytes from rank 0 with tag 3",
        disagreement(2, world -> world.receive(floats(2), 1 - world.rank(), 3)));
    assertEquals(
        "no rank can go on: rank 0 waits in a barrier, rank 2 waits in a barrier, rank 1 has ended",
        disagreement(
            3,
            world -> {
              if (world.rank() != 1) {
                world.barrier();
              }
            }));
    String lengths =
        disagreement(
            2,
            world -> {
              if (world.rank() == 0) {
                world.send(floats(3), 1, 9);
              } else {
                world.receive(floats(4), 0, 9);
              }
            });
    assertTrue(lengths.contains("rank 0") && lengths.contains("rank 1"), lengths);
    assertTrue(lengths.contains("a send of 12 bytes to rank 1 with tag 9"), lengths);
    assertTrue(lengths.contains("a receive of 16 bytes from rank 0 with tag 9"), lengths);
  }

  /** As a trainer does. */
  @Test
  void ranksThatWaitOnThreadsOfTheirOwnAreTold() {
    assertEquals(
        "no rank can go on: rank 0 waits in a barrier, rank 1 has ended",
        disagreement(
            2,
            world -> {
              if (world.rank() == 0) {
                FutureTask<Boolean> waiting =
                    new FutureTask<>(
                        () -> {
                          world.barrier();
                          return true;
                        });
                Thread.ofPlatform().daemon().start(waiting);
                waiting.get();
              }
            }));
  }

  @Test
  void anInterruptedRankEndsTheOthersByItsName() {
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    3,
                    world -> {
                      if (world.rank() == 1) {
                        Thread.currentThread().interrupt();
                      }
                      world.barrier();
                      world.barrier();
                      world.barrier();
                    }));
    assertEquals(1, failure.rank());
    assertTrue(failure.getMessage().contains("rank 1 was interrupted"), failure.getMessage());
  }

  @Test
  void anInterruptOfTheCallerEndsAllRanks() throws InterruptedException {
    CountDownLatch started = new CountDownLatch(2);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread caller =
        Thread.ofPlatform()
            .start(
                () ->
                    thrown.set(
                        assertThrows(
                            InterruptedException.class,
                            () ->
                                ThreadRanks.run(
                                    3,
                                    world -> {
                                      started.countDown();
                                      if (world.rank() == 0) {
                                        Thread.sleep(60_000);
                                      }
                                      world.barrier();
                                    }))));
    started.await();
    caller.interrupt();
    caller.join();
    assertInstanceOf(InterruptedException.class, thrown.get());
  }

  private static String disagreement(int ranks, RankBody body) {
    return assertThrows(RanksDisagreeException.class, () -> ThreadRanks.run(ranks, body))
        .getMessage();
  }

  private static MemorySegment floats(int length) {
    return Arena.ofAuto().allocate((long) length * Float.BYTES, 4);
  }
}
