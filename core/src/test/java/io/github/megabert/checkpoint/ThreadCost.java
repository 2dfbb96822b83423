// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import java.lang.reflect.Method;

/**
 * What a thread has cost so far. Processor time, not wall time, so that a busy machine fails no
 * test; by reflection, since core does not read the module that tells.
 */
public record ThreadCost(long nanoseconds, long bytes) {
  /** Of the current thread. */
  public static ThreadCost now() {
    return of(Thread.currentThread());
  }

  /** Of a thread that lives. */
  public static ThreadCost of(Thread thread) {
    return new ThreadCost(
        ask("java.lang.management.ThreadMXBean", "getThreadCpuTime", thread),
        ask("com.sun.management.ThreadMXBean", "getThreadAllocatedBytes", thread));
  }

  public ThreadCost since(ThreadCost earlier) {
    return new ThreadCost(nanoseconds - earlier.nanoseconds, bytes - earlier.bytes);
  }

  public double seconds() {
    return nanoseconds / 1e9;
  }

  public long megabytes() {
    return bytes >> 20;
  }

  private static long ask(String type, String what, Thread thread) {
    try {
      Object bean =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      Method method = Class.forName(type).getMethod(what, long.class);
      return (Long) method.invoke(bean, thread.threadId());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no thread bean", e);
    }
  }
}
