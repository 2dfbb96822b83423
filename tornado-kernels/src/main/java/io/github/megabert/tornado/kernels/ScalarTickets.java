// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Numbers that change from step to step, such as learning rates and seeds. The scalars of a task
 * are part of its program, {@link Kernel#withSizes sizes} too, which is built anew for others.
 * Instead all numbers of a program lie in a row, and before the first task that wants some, one
 * kernel takes the next ticket: it copies {@link #WIDTH} numbers to an array of their own.
 */
public final class ScalarTickets {
  /** Numbers of a ticket. */
  public static final int WIDTH = 24;

  /** Threads of the kernel. */
  public static final int THREADS = 32;

  private static final KernelContext CONTEXT = new KernelContext();

  /** numbers, cursor, ticket. */
  public static final Kernel TAKE =
      new Kernel(
          "takeTicket",
          (graph, task, a) ->
              graph.task(
                  task,
                  ScalarTickets::take,
                  CONTEXT,
                  (FloatArray) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2]));

  /** Likewise, each two numbers being the lower and the upper half of one integer. */
  public static final Kernel TAKE_WORDS =
      new Kernel(
          "takeWords",
          (graph, task, a) ->
              graph.task(
                  task,
                  ScalarTickets::takeWords,
                  CONTEXT,
                  (FloatArray) a[0],
                  (FloatArray) a[1],
                  (IntArray) a[2]));

  private ScalarTickets() {}

  /** Copies the numbers that the cursor points to, and moves it; one work group. */
  static void take(
      KernelContext context, FloatArray numbers, FloatArray cursor, FloatArray ticket) {
    int thread = context.localIdx;
    int at = (int) cursor.get(0);
    if (thread < WIDTH) {
      ticket.set(thread, numbers.get(at * WIDTH + thread));
    }
    context.localBarrier();
    if (thread == 0) {
      cursor.set(0, at + 1f);
    }
  }

  /** {@link #take} of integers: a kernel that reads them need not put them together. */
  static void takeWords(
      KernelContext context, FloatArray numbers, FloatArray cursor, IntArray ticket) {
    int thread = context.localIdx;
    int at = (int) cursor.get(0);
    if (thread < WIDTH / 2) {
      int low = (int) numbers.get(at * WIDTH + 2 * thread);
      int high = (int) numbers.get(at * WIDTH + 2 * thread + 1);
      ticket.set(thread, low | high << 16);
    }
    context.localBarrier();
    if (thread == 0) {
      cursor.set(0, at + 1f);
    }
  }
}
