// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/**
 * Runs ranks as threads of this JVM, which read and write each other's memory.
 *
 * <p>A rank that throws ends all others. So does a disagreement: if ranks of a group call different
 * operations, or none can go on because each waits for another, all throw {@link
 * RanksDisagreeException} and the message says who waits for what.
 */
public final class ThreadRanks {
  /** More would be a mistake: each is a thread. */
  private static final int MOST_RANKS = 4096;

  private ThreadRanks() {}

  /**
   * Runs {@code body} as ranks 0 to {@code ranks − 1} and returns when all have ended. What they
   * have written is visible after it.
   *
   * @throws IllegalArgumentException if {@code ranks} is below 1 or above 4096
   * @throws RankFailedException if a rank throws: of the first that did, with what it threw as the
   *     cause
   * @throws RanksDisagreeException if ranks wait for each other for ever
   * @throws InterruptedException if this thread is interrupted; the ranks have been interrupted
   *     too, and have ended
   */
  public static void run(int ranks, RankBody body) throws InterruptedException {
    List<Boolean> unused =
        call(
            ranks,
            world -> {
              body.run(world);
              return true;
            });
    assert unused.size() == ranks;
  }

  /** As {@link #run}; returns what the ranks return, in their order. */
  public static <T> List<T> call(int ranks, RankTask<T> task) throws InterruptedException {
    if (ranks < 1 || ranks > MOST_RANKS) {
      throw new IllegalArgumentException("a run has 1 to " + MOST_RANKS + " ranks, not " + ranks);
    }
    SharedWorld world = new SharedWorld(ranks);
    SharedGroup all = new SharedGroup(world, IntStream.range(0, ranks).toArray());
    AtomicReferenceArray<T> results = new AtomicReferenceArray<>(ranks);
    List<Thread> threads = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      int number = rank;
      threads.add(
          Thread.ofPlatform()
              .name("megabert-rank-" + number)
              .unstarted(() -> work(world, all, number, task, results)));
    }
    threads.forEach(Thread::start);
    join(threads);
    CommunicationException failure = world.failure();
    if (failure != null) {
      throw failure;
    }
    return IntStream.range(0, ranks).mapToObj(results::get).toList();
  }

  private static <T> void work(
      SharedWorld world,
      SharedGroup all,
      int rank,
      RankTask<T> task,
      AtomicReferenceArray<T> results) {
    try {
      results.set(rank, task.call(new Communicator(new SharedTransport(all, rank))));
    } catch (Throwable thrown) {
      // Where this rank only repeats another's failure, that one is the first and counts.
      world.fail(RankFailedException.of(rank, thrown));
    } finally {
      world.end(rank);
    }
  }

  private static void join(List<Thread> threads) throws InterruptedException {
    InterruptedException interruption = null;
    for (int i = 0; i < threads.size(); ) {
      try {
        threads.get(i).join();
        i++;
      } catch (InterruptedException e) {
        interruption = e;
        threads.forEach(Thread::interrupt);
      }
    }
    if (interruption != null) {
      throw interruption;
    }
  }
}
