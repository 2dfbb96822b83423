// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Makes one thing after the other, each in a thread of its own while its user is busy with the one
 * before: a GPU would otherwise wait while texts are masked.
 */
final class OneAhead<T> implements AutoCloseable {
  private final IntFunction<T> make;
  private final int end;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("megabert-data").factory());

  private int nextNumber = -1;
  private @Nullable Future<T> next;

  /**
   * Nothing is made yet.
   *
   * @param make is called for one number at a time
   * @param end one past the last number that is asked for
   */
  OneAhead(IntFunction<T> make, int end) {
    this.make = make;
    this.end = end;
  }

  /** The one of a number, and what it threw if it could not be made; the next one is begun. */
  T get(int number) {
    Future<T> wanted = next;
    if (wanted == null || nextNumber != number) {
      wanted = thread.submit(() -> make.apply(number));
    }
    nextNumber = number + 1;
    next = nextNumber < end ? thread.submit(() -> make.apply(number + 1)) : null;
    return await(wanted);
  }

  /** An interrupted thread waits all the same, and stays interrupted. */
  private static <T> T await(Future<T> wanted) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wanted.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException failure) {
      switch (failure.getCause()) {
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(failure);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits for what is being made: its sources may be closed afterwards. */
  @Override
  public void close() {
    thread.close();
  }
}
