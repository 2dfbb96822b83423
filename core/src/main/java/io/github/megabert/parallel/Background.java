// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.parallel.Traffic.Operation;
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

  /** Through which its operations are carried out. */
  Transport transport() {
    return transport;
  }

  /** Carries an operation out when those before have ended. */
  Pending start(Operation operation, Runnable sending) {
    return new Task(operation, transport.worldRank(), executor.submit(sending));
  }

  private record Task(Operation operation, int rank, Future<?> future) implements Pending {
    @Override
    public void await() {
      try {
        future.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RankFailedException(
            rank, false, "rank " + rank + " was interrupted as it waited for its " + operation, e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof CommunicationException failure) {
          throw failure.copy();
        }
        throw new IllegalStateException("the " + operation + " failed", e.getCause());
      }
    }

    @Override
    public boolean isDone() {
      return future.isDone();
    }
  }
}
