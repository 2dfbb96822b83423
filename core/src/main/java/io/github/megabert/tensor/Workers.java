// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of daemon threads that share the iterations of a loop.
 *
 * <p>The calling thread works too, so a team of one starts no thread. Any number of threads may
 * call {@link #run} at once; a caller never waits for an iteration that nobody has begun.
 * Iterations are handed out one by one, so a slow core takes fewer. {@code run} allocates nothing.
 *
 * <p>Callers that say so by {@link #enter} and {@link #leave} each run their loops alone while
 * there are as many of them as threads: no core would be idle, and a caller that shares its loops
 * waits, at the end of each, for threads that others keep busy. With fewer callers the team helps
 * them in turn.
 */
public final class Workers implements AutoCloseable {
  /** The body of a parallel loop. */
  @FunctionalInterface
  public interface Task {
    /** Runs iteration {@code index}. */
    void run(int index);
  }

  /** Above every machine's processors, below what operating systems refuse to start. */
  public static final int MOST_THREADS = 4096;

  /**
   * Polls before a waiting thread parks: about 30 µs, longer than the serial gap between two
   * kernels.
   */
  private static final int SPINS = 3_000;

  /** Loops that may be under way at once; a caller that finds no place runs its loop alone. */
  private static final int JOBS = 64;

  /**
   * One loop under way. Jobs are reused; a worker that looks at one after its end finds no
   * iteration left, because claiming is a single decrement of {@code unclaimed}.
   */
  private static final class Job {
    final AtomicBoolean taken = new AtomicBoolean();
    final AtomicInteger unclaimed = new AtomicInteger();
    final AtomicInteger unfinished = new AtomicInteger();
    volatile @Nullable Task task;
    volatile @Nullable Throwable failure;
    volatile @Nullable Thread waiter;

    boolean work() {
      boolean worked = false;
      while (unclaimed.get() > 0) {
        int claim = unclaimed.getAndDecrement();
        if (claim <= 0) {
          break;
        }
        worked = true;
        Task body = task;
        try {
          if (body != null) {
            body.run(claim - 1);
            // What it read of a file that was cut short must fail here, not after the loop.
            MappedMemory.settle();
          }
        } catch (Throwable thrown) {
          failure = thrown;
        } finally {
          Thread waiting = waiter;
          if (unfinished.decrementAndGet() == 0 && waiting != null) {
            LockSupport.unpark(waiting);
          }
        }
      }
      return worked;
    }
  }

  private final int threads;
  private final Job[] jobs = new Job[JOBS];
  private final AtomicReferenceArray<@Nullable Thread> parked;
  private final AtomicInteger signal = new AtomicInteger();
  private final AtomicInteger callers = new AtomicInteger();
  private volatile boolean closed;

  /**
   * A team of {@code threads} threads, the caller included.
   *
   * @throws IllegalArgumentException if {@code threads} is below 1 or above {@link #MOST_THREADS}
   */
  public Workers(int threads) {
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "a team has 1 to " + MOST_THREADS + " threads, not " + threads);
    }
    this.threads = threads;
    parked = new AtomicReferenceArray<>(threads);
    for (int i = 0; i < JOBS; i++) {
      jobs[i] = new Job();
    }
    for (int i = 1; i < threads; i++) {
      int slot = i;
      Thread.ofPlatform().daemon().name("megabert-worker-" + i).start(() -> serve(slot));
    }
  }

  /** Threads in the team, the caller included. */
  public int threads() {
    return threads;
  }

  /** Counts a caller that will run loops until it {@linkplain #leave leaves}. */
  public void enter() {
    callers.incrementAndGet();
  }

  /** The caller has run its last loop. */
  public void leave() {
    callers.decrementAndGet();
  }

  /**
   * Runs iterations 0 to {@code iterations - 1} and returns when all have ended. What one iteration
   * writes is visible after the return. If iterations throw, one of their exceptions is rethrown
   * after all have ended.
   */
  public void run(int iterations, Task task) {
    boolean isAlone = threads == 1 || iterations <= 1 || callers.get() >= threads || closed;
    Job job = isAlone ? null : takeJob();
    if (job == null) {
      for (int i = iterations - 1; i >= 0; i--) {
        task.run(i);
      }
      return;
    }
    job.task = task;
    job.failure = null;
    job.waiter = Thread.currentThread();
    job.unfinished.set(iterations);
    job.unclaimed.set(iterations);
    signal.incrementAndGet();
    for (int i = 1, wanted = Math.min(threads, iterations); i < threads && wanted > 1; i++) {
      Thread sleeper = parked.get(i);
      if (sleeper != null) {
        LockSupport.unpark(sleeper);
        wanted--;
      }
    }
    job.work();
    for (int spins = 0; job.unfinished.get() > 0; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
    Throwable failure = job.failure;
    job.waiter = null;
    job.task = null;
    job.taken.set(false);
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    if (failure instanceof Error error) {
      throw error;
    }
  }

  private @Nullable Job takeJob() {
    for (Job job : jobs) {
      if (!job.taken.get() && job.taken.compareAndSet(false, true)) {
        return job;
      }
    }
    return null;
  }

  private void serve(int slot) {
    int seen = 0;
    int spins = 0;
    int next = 0;
    while (!closed) {
      int now = signal.get();
      if (now != seen) {
        seen = now;
        // From the job after the last that was helped: the first places get no more than others.
        int first = next;
        for (int i = 0; i < JOBS; i++) {
          int place = (first + i) % JOBS;
          if (jobs[place].work()) {
            next = (place + 1) % JOBS;
          }
        }
        spins = 0;
      } else if (++spins < SPINS) {
        Thread.onSpinWait();
      } else {
        parked.set(slot, Thread.currentThread());
        if (signal.get() == seen && !closed) {
          LockSupport.park(this);
        }
        parked.set(slot, null);
        spins = 0;
      }
    }
  }

  /**
   * Ends the threads once their current iterations have ended; later loops run on the caller alone.
   */
  @Override
  public void close() {
    closed = true;
    for (int i = 1; i < threads; i++) {
      Thread sleeper = parked.get(i);
      if (sleeper != null) {
        LockSupport.unpark(sleeper);
      }
    }
  }
}
