// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The ranks of one JVM: the lock under which they meet, who waits for what, and the first failure.
 *
 * <p>A rank that fails ends all waits. If no rank is left that could end the others' waits, because
 * each waits or has ended, all fail and the message says what each waits for.
 */
final class SharedWorld {
  /** A thread that waits; its condition is signalled when it need not wait any longer. */
  private record Waiter(
      int rank, Thread thread, String purpose, BooleanSupplier ready, Condition condition) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final int ranks;
  private final List<Waiter> waiters = new ArrayList<>();
  private final Set<Integer> ended = new HashSet<>();
  private @Nullable CommunicationException failure;

  SharedWorld(int ranks) {
    this.ranks = ranks;
  }

  void lock() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  @Nullable CommunicationException failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the wait of everybody; the first failure counts. */
  void fail(CommunicationException exception) {
    lock.lock();
    try {
      if (failure == null) {
        failure = exception;
      }
      waiters.forEach(waiter -> waiter.condition().signal());
    } finally {
      lock.unlock();
    }
  }

  /** A rank has done its work. */
  void end(int rank) {
    lock.lock();
    try {
      ended.add(rank);
      checkThatSomebodyWorks();
    } finally {
      lock.unlock();
    }
  }

  /** Called with the lock after each change that somebody may wait for. */
  void changed() {
    for (Waiter waiter : waiters) {
      if (waiter.ready().getAsBoolean()) {
        waiter.condition().signal();
      }
    }
  }

  /** Throws if a rank has failed; called with the lock. */
  void check() {
    if (failure != null) {
      throw failure.copy();
    }
  }

  /**
   * Waits with the lock until {@code ready}, which is asked with the lock.
   *
   * @param purpose what the rank waits in, such as "an all-reduce"
   */
  void await(int rank, String purpose, BooleanSupplier ready) {
    check();
    if (ready.getAsBoolean()) {
      return;
    }
    Waiter waiter = new Waiter(rank, Thread.currentThread(), purpose, ready, lock.newCondition());
    waiters.add(waiter);
    try {
      checkThatSomebodyWorks();
      while (!ready.getAsBoolean()) {
        check();
        waiter.condition().await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(
          new RankFailedException(
              rank, false, "rank " + rank + " was interrupted as it waited in " + purpose, e));
      check();
    } finally {
      waiters.remove(waiter);
    }
  }

  /** A trainer waits on a thread of its own, which counts; work in the background does not. */
  private void checkThatSomebodyWorks() {
    long waiting =
        waiters.stream()
            .filter(waiter -> !Background.isWorker(waiter.thread()))
            .map(Waiter::rank)
            .filter(rank -> !ended.contains(rank))
            .distinct()
            .count();
    boolean isStuck =
        failure == null
            && waiting > 0
            && waiting + ended.size() == ranks
            && waiters.stream().noneMatch(waiter -> waiter.ready().getAsBoolean());
    if (isStuck) {
      fail(
          new RanksDisagreeException(
              "no rank can go on: "
                  + waiters.stream()
                      .map(waiter -> "rank " + waiter.rank() + " waits in " + waiter.purpose())
                      .sorted()
                      .collect(Collectors.joining(", "))
                  + ended.stream()
                      .sorted()
                      .map(rank -> ", rank " + rank + " has ended")
                      .collect(Collectors.joining())));
    }
  }
}
