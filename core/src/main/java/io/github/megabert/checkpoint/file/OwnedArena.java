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

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
