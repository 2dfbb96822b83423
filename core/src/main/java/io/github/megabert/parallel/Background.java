package io.github.megabert.parallel;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Reductions of one rank that run while it computes: a daemon thread carries them out one by one,
 * through a group of the same ranks that nobody else uses, so that they cannot mix with the rank's
 * own operations. The thread ends when it has had nothing to do for a second.
 */
final class Background {
  /** Never started: asks whether memory is open to threads other than its owner. */
  static final Thread ANOTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private final Transport transport;
  private final ThreadPoolExecutor executor;

  Background(Transport transport) {
    this.transport = transport;
    executor =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new Workers(Thread.currentThread().getName() + "-background"));
    executor.allowCoreThreadTimeOut(true);
  }

  /** Whether a thread works in the background, while its rank may do something else. */
  static boolean isWorker(Thread thread) {
    return thread instanceof Worker;
  }

  private static final class Worker extends Thread {
    Worker(Runnable work, String name) {
      super(work, name);
      setDaemon(true);
    }
  }

  private record Workers(String name) implements ThreadFactory {
    @Override
    public Thread newThread(Runnable work) {
      return new Worker(work, name);
    }
  }

  Pending allReduce(MemorySegment floats, Reduction reduction) {
    return start("an all-reduce", () -> transport.allReduce(floats, reduction));
  }

  Pending reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    return start(
        "a reduce-scatter", () -> transport.reduceScatter(all, part, partition, reduction));
  }

  private Pending start(String name, Runnable operation) {
    return new Task(name, transport.worldRank(), executor.submit(operation));
  }

  private record Task(String name, int rank, Future<?> future) implements Pending {
    @Override
    public void await() {
      try {
        future.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RankFailedException(
            rank, false, "rank " + rank + " was interrupted as it waited for " + name, e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof CommunicationException failure) {
          throw failure.copy();
        }
        throw new IllegalStateException(name + " failed", e.getCause());
      }
    }

    @Override
    public boolean isDone() {
      return future.isDone();
    }
  }
}
