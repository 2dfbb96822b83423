// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Work on a thread of its own, for a caller that may be interrupted. An interrupt while a file is
 * written would close that file, so it must not reach the thread that writes checkpoints.
 */
public final class Interruptible {
  private Interruptible() {}

  /** Work that reads or writes files. */
  public interface Work<R> {
    /** Does it all. */
    R run() throws IOException;
  }

  /**
   * Works and waits; the caller is interrupted afterwards if it was before or meanwhile.
   *
   * @param name of the thread
   * @param stop asks the work to end soon; called at an interrupt
   */
  public static <R> R call(String name, Runnable stop, Work<R> work) throws IOException {
    FutureTask<R> task = new FutureTask<>(work::run);
    Thread thread = Thread.ofPlatform().name(name).daemon().start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException asked) {
          interrupted = true;
          stop.run();
        } catch (ExecutionException failure) {
          throw rethrown(failure.getCause(), thread);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IOException rethrown(Throwable cause, Thread thread) {
    return switch (cause) {
      case IOException failure -> failure;
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      default -> throw new IllegalStateException(thread.getName() + " failed", cause);
    };
  }
}
