// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Native memory of messages between stages, given back and used again. There are never more buffers
 * than messages that were under way at a time. Belongs to one thread; what it holds is open to all.
 */
final class MessageBuffers {
  private static final long ALIGNMENT = 64;

  /**
   * One message's numbers.
   *
   * @param memory at least as long as the numbers
   * @param numbers float32 {@code [rows, columns]}
   */
  record Buffer(MemorySegment memory, Tensor numbers) {
    /** The numbers as they are sent. */
    MemorySegment segment() {
      return numbers.segment();
    }
  }

  private final Deque<MemorySegment> free = new ArrayDeque<>();

  /** Memory for {@code rows × columns} numbers, of undefined contents. */
  Buffer take(int rows, int columns) {
    long bytes = Math.multiplyExact((long) rows * columns, Float.BYTES);
    MemorySegment memory = null;
    for (MemorySegment candidate : free) {
      if (candidate.byteSize() >= bytes) {
        memory = candidate;
        break;
      }
    }
    if (memory == null) {
      // One that is too small makes room.
      MemorySegment _ = free.poll();
      memory = Arena.ofAuto().allocate(bytes, ALIGNMENT);
    } else {
      boolean _ = free.remove(memory);
    }
    Shape shape = Shape.of(rows, columns);
    return new Buffer(memory, Tensor.wrap(memory.asSlice(0, bytes), DType.F32, shape));
  }

  /** Takes back what nobody reads or writes any more. */
  void give(Buffer buffer) {
    free.push(buffer.memory);
  }
}
