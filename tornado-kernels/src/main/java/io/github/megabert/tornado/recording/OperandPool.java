// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What computations leave to the next ones, which mostly are of the same size: that spares the host
 * making it again. Of use to any thread.
 */
final class OperandPool {
  /** Slots whose operands are kept; a model has some twenty. */
  private static final int KEPT_SCRATCH = 64;

  private final Deque<IntegerBlock> integers = new ConcurrentLinkedDeque<>();
  private final AtomicReferenceArray<Operand.Scratch> scratch =
      new AtomicReferenceArray<>(KEPT_SCRATCH);

  /** An empty block, of an earlier computation if one is free. */
  IntegerBlock takeIntegers() {
    IntegerBlock free = integers.poll();
    return free == null ? new IntegerBlock() : free;
  }

  /** Takes back a block that nothing reads any more. */
  void give(IntegerBlock block) {
    block.clear();
    integers.push(block);
  }

  /** A scratch operand: the one that an earlier computation had in its place, if it is equal. */
  Operand.Scratch scratch(int slot, int elements, Element element) {
    if (slot >= KEPT_SCRATCH) {
      return new Operand.Scratch(slot, elements, element);
    }
    Operand.Scratch kept = scratch.get(slot);
    if (kept == null || kept.elements() != elements || kept.element() != element) {
      kept = new Operand.Scratch(slot, elements, element);
      scratch.set(slot, kept);
    }
    return kept;
  }
}
