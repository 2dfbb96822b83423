package io.github.megabert.checkpoint;

import java.lang.reflect.Method;

/**
 * What the current thread has cost so far. Processor time, not wall time, so that a busy machine
 * fails no test; by reflection, since core does not read the module that tells.
 */
record ThreadCost(long nanoseconds, long bytes) {
  static ThreadCost now() {
    return new ThreadCost(
        ask("java.lang.management.ThreadMXBean", "getCurrentThreadCpuTime"),
        ask("com.sun.management.ThreadMXBean", "getCurrentThreadAllocatedBytes"));
  }

  ThreadCost since(ThreadCost earlier) {
    return new ThreadCost(nanoseconds - earlier.nanoseconds, bytes - earlier.bytes);
  }

  double seconds() {
    return nanoseconds / 1e9;
  }

  long megabytes() {
    return bytes >> 20;
  }

  private static long ask(String type, String what) {
    try {
      Object bean =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      Method method = Class.forName(type).getMethod(what);
      return (Long) method.invoke(bean);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no thread bean", e);
    }
  }
}
