// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OwnedArenaTest {
  /** A close that fails while the system uses the memory does not leak it: the next one closes. */
  @Test
  void memoryThatIsBeingReadIsClosedLater() throws Exception {
    OwnedArena arena = new OwnedArena();
    MemorySegment memory = arena.arena().allocate(8);
    Pipe pipe = Pipe.open();
    ByteBuffer buffer = memory.asByteBuffer();
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    pipe.source().read(buffer);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    while (!isUsed(arena)) {
      Thread.onSpinWait();
    }
    assertTrue(memory.scope().isAlive());
    pipe.sink().write(ByteBuffer.wrap(new byte[8]));
    reader.join();
    arena.close();
    assertFalse(memory.scope().isAlive());
    arena.close();
  }

  /** Whether closing is refused; if the reader has not begun, a new arena would be needed. */
  private static boolean isUsed(OwnedArena arena) throws InterruptedException {
    Thread.sleep(200);
    IllegalStateException refusal = assertThrows(IllegalStateException.class, arena::close);
    return String.valueOf(refusal.getMessage()).contains("is being read by another thread");
  }

  @Test
  void allAreClosedThoughOneFails() {
    AtomicInteger closed = new AtomicInteger();
    AutoCloseable good = closed::incrementAndGet;
    AutoCloseable bad =
        () -> {
          throw new IllegalStateException("the first");
        };
    assertThrows(IllegalStateException.class, () -> OwnedArena.closeAll(List.of(bad, good, good)));
    assertTrue(closed.get() == 2);
  }
}
