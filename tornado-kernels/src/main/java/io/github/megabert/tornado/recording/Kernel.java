// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import uk.ac.manchester.tornado.api.TaskGraph;

/**
 * A kernel, or a call of a library, that a task graph can hold. Compared by identity.
 *
 * @param name part of the names of its tasks
 * @param writes nodes of a task graph that its writes take, at most
 * @param emitter adds it to a graph
 */
public record Kernel(String name, int writes, Emitter emitter) {
  /** A kernel that writes an array or two. */
  public Kernel(String name, Emitter emitter) {
    this(name, 2, emitter);
  }

  /** Adds a task with its arguments, in the kernel's order and without the kernel context. */
  @FunctionalInterface
  public interface Emitter {
    void add(TaskGraph graph, String task, Object[] arguments);
  }
}
