// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory of a computation's matrices, handed out from the front and taken back all at once. {@code
 * Arena.allocate} clears what it returns; here memory is cleared once, when a slab is made.
 */
public final class Slabs implements AutoCloseable {
  private static final long SMALLEST = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> slabs = new ArrayList<>();
  private int current;
  private long used;

  /** Memory of undefined contents. */
  public MemorySegment allocate(long bytes) {
    long rounded = Math.max(Tensor.ALIGNMENT, Math.ceilDiv(bytes, 64L) * 64);
    while (current < slabs.size() && used + rounded > slabs.get(current).byteSize()) {
      current++;
      used = 0;
    }
    if (current == slabs.size()) {
      slabs.add(HugePages.allocate(arena, Math.max(rounded, slabSize())));
    }
    MemorySegment memory = slabs.get(current).asSlice(used, bytes);
    used += rounded;
    return memory;
  }

  /** Doubles with every slab, so that there are few; from 64 MiB on a slab holds what it must. */
  private long slabSize() {
    return Math.min(SMALLEST << slabs.size(), 1L << 26);
  }

  /** Takes everything back. */
  public void reset() {
    current = 0;
    used = 0;
  }

  @Override
  public void close() {
    arena.close();
  }
}
