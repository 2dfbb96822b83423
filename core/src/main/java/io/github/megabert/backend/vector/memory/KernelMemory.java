// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Scratch memory of kernels: one segment that grows to the largest size ever asked for. */
public final class KernelMemory implements AutoCloseable {
  private Arena arena = Arena.ofShared();
  private MemorySegment segment = arena.allocate(1 << 16, Tensor.ALIGNMENT);

  /**
   * At least {@code bytes} of undefined contents; the same memory at every call, until a larger
   * one.
   */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close() or by the next growth.
  public MemorySegment ofSize(long bytes) {
    if (segment.byteSize() < bytes) {
      arena.close();
      arena = Arena.ofShared();
      segment = HugePages.allocate(arena, Math.max(bytes, 1 << 16));
    }
    return segment;
  }

  @Override
  public void close() {
    arena.close();
  }
}
