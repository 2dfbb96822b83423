// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import uk.ac.manchester.tornado.api.TaskGraph;

/**
 * A kernel, or a call of a library, that a task graph can hold. Compared by identity.
 *
 * @param name part of the names of its tasks
 * @param writes nodes of a task graph that its writes take, at most
 * @param sizes a bit for each of its arguments: see {@link #withSizes}
 * @param emitter adds it to a graph
 */
public record Kernel(String name, int writes, long sizes, Emitter emitter) {
  /** A kernel whose numbers are all constants. */
  public Kernel(String name, int writes, Emitter emitter) {
    this(name, writes, 0, emitter);
  }

  /** A kernel that writes an array or two. */
  public Kernel(String name, Emitter emitter) {
    this(name, 2, emitter);
  }

  /**
   * The kernel with integers that each task passes to it when it is launched: counts, rows, places
   * in the integers, all that differs between batches. The other numbers are constants, for which
   * it is compiled; loops and divisions by columns are quick for that.
   *
   * @param places of these integers among the arguments, from 0, without the kernel context
   */
  public Kernel withSizes(int... places) {
    long bits = sizes;
    for (int place : places) {
      bits |= 1L << place;
    }
    return new Kernel(name, writes, bits, emitter);
  }

  /**
   * Whether an argument is passed at the launch. A negative place says that something is not there,
   * such as a mask; that stays a constant, so that no code asks for it.
   */
  boolean isSize(int place, Object argument) {
    return ((sizes >> place) & 1) != 0 && argument instanceof Integer size && size >= 0;
  }

  /** Adds a task with its arguments, in the kernel's order and without the kernel context. */
  @FunctionalInterface
  public interface Emitter {
    void add(TaskGraph graph, String task, Object[] arguments);
  }
}
