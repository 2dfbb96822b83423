// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.vector.Team;

/** Cuts an operation on consecutive floats into tasks of a fixed size. */
public final class ElementBlocks implements Team.Body {
  /** Floats a task: some microseconds, and 64 KiB of each operand. */
  static final int BLOCK = 1 << 14;

  /** What is done to each block. */
  interface Operation {
    /**
     * Handles one block.
     *
     * @param first the block's first element
     * @param count at most {@link #BLOCK}
     */
    void run(long first, int count, int slot);
  }

  /** Nothing to do. */
  private static final Operation NOTHING = (first, count, slot) -> {};

  private final Team team;
  private Operation operation = NOTHING;
  private long begin;
  private long end;

  public ElementBlocks(Team team) {
    this.team = team;
  }

  /** Threads that may run blocks at once. */
  int slots() {
    return team.slots();
  }

  /** Blocks of so many elements. */
  static int count(long elements) {
    return Math.toIntExact(Math.ceilDiv(elements, BLOCK));
  }

  /** Runs an operation on the elements {@code first … first + elements − 1}. */
  void run(long first, long elements, Operation each) {
    begin = first;
    end = first + elements;
    operation = each;
    team.run(count(elements), this);
    operation = NOTHING;
  }

  @Override
  public void run(int task, int next, int slot) {
    long first = begin + (long) task * BLOCK;
    operation.run(first, (int) Math.min(BLOCK, end - first), slot);
  }
}
