// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.tensor.Workers;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the tasks of one operation on the workers, each with the number of a slot that no other task
 * under way has: the key to scratch memory. Belongs to one computation and allocates nothing.
 */
public final class Team implements Workers.Task {
  /** No task. */
  public static final int NONE = -1;

  /** The tasks of an operation. */
  public interface Body {
    /**
     * Runs one task.
     *
     * @param next the task that this slot runs after it, or {@link #NONE}
     */
    void run(int task, int next, int slot);
  }

  private final Workers workers;
  private final AtomicInteger next = new AtomicInteger();
  private int tasks;
  private @Nullable Body body;

  public Team(Workers workers) {
    this.workers = workers;
  }

  /** Slots there may be. */
  public int slots() {
    return workers.threads();
  }

  /** Runs tasks 0 to {@code count - 1}, handed out in this order. */
  public void run(int count, Body operation) {
    tasks = count;
    body = operation;
    next.set(0);
    workers.run(Math.min(count, workers.threads()), this);
  }

  @Override
  public void run(int slot) {
    Body operation = body;
    int task = next.getAndIncrement();
    while (task < tasks && operation != null) {
      int following = next.getAndIncrement();
      operation.run(task, following < tasks ? following : NONE, slot);
      task = following;
    }
  }
}
