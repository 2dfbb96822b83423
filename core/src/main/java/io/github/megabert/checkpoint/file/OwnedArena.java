// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import java.lang.foreign.Arena;

/** A shared arena that lives as long as what opened it; closing twice is harmless. */
public final class OwnedArena implements AutoCloseable {
  @SuppressWarnings("MustBeClosedChecker") // closed by close()
  private final Arena arena = Arena.ofShared();

  private boolean closed;

  public Arena arena() {
    return arena;
  }

  /**
   * Refuses to go on with memory that was freed.
   *
   * @param source what messages call what opened it
   * @throws IllegalStateException if it is closed
   */
  public void requireOpen(String source) {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(source + " is closed");
    }
  }

  /**
   * Frees the memory.
   *
   * @throws IllegalStateException if the system is reading it for another thread just now; it stays
   *     open, and can be closed later
   */
  @Override
  public synchronized void close() {
    if (!closed) {
      try {
        arena.close();
      } catch (IllegalStateException used) {
        throw new IllegalStateException(
            "memory of a checkpoint is being read by another thread; close it again when that has"
                + " ended",
            used);
      }
      closed = true;
    }
  }

  /**
   * Closes all of them, also where one fails, whose exception is thrown in the end.
   *
   * @param resources what throws nothing but unchecked exceptions
   */
  public static void closeAll(Iterable<? extends AutoCloseable> resources) {
    RuntimeException failure = null;
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (RuntimeException e) {
        failure = e;
      } catch (Exception e) {
        failure = new IllegalStateException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
