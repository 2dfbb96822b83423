// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.RankFailedException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Waits of one rank for others. They poll, so that a wait ends when a rank has failed: at once for
 * some microseconds, then giving the core away, then from time to time.
 *
 * @param worldRank of the rank that waits
 */
record Polling(RankWatch watch, int worldRank) {
  private static final int AT_ONCE = 200;
  private static final int YIELDING = 2000;
  private static final long PAUSE_NANOS = 50_000;

  /**
   * Returns when {@code ready}.
   *
   * @param whileWaiting called from time to time, if it takes longer than some microseconds
   * @throws RankFailedException if a rank has failed, or this thread is interrupted
   */
  @SuppressWarnings("ThreadPriorityCheck") // Another rank may need the core.
  void until(BooleanSupplier ready, Runnable whileWaiting) {
    for (int polls = 0; !ready.getAsBoolean(); polls++) {
      watch.check();
      if (Thread.currentThread().isInterrupted()) {
        throw new RankFailedException(
            worldRank,
            false,
            "rank " + worldRank + " was interrupted as it waited for others",
            null);
      }
      if (polls < AT_ONCE) {
        Thread.onSpinWait();
        continue;
      }
      whileWaiting.run();
      if (polls < YIELDING) {
        Thread.yield();
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }
}
