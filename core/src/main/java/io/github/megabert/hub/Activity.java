// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

/**
 * When a connection brought something last. Its thread, which waits for it, is interrupted once
 * that is too long ago.
 */
final class Activity {
  private final Thread thread = Thread.currentThread();
  private long last = System.nanoTime();
  private boolean isOver;
  private boolean isBroken;

  /** Something came. */
  synchronized void touch() {
    last = System.nanoTime();
  }

  /** Ends the wait if nothing came for so long. */
  synchronized void interruptIfIdle(long nanos) {
    if (!isOver && System.nanoTime() - last > nanos) {
      isOver = true;
      isBroken = true;
      thread.interrupt();
    }
  }

  /** Ends the watch, by the thread itself; whether it was interrupted for the silence. */
  synchronized boolean end() {
    isOver = true;
    if (isBroken) {
      Thread.interrupted();
    }
    return isBroken;
  }
}
