// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shows where the time of a model goes: the operations of a {@linkplain #around profiled backend},
 * by kind and shape. Thread-safe.
 *
 * <p>A backend that computes later than it is called, such as one on a GPU, shows its whole time at
 * the operation that waits.
 */
public final class OperationProfile {
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** An empty profile. */
  public OperationProfile() {}

  /**
   * The operations of one kind and shape.
   *
   * @param operation kind and shape, such as {@code linear 128x1024 -> 4096 gelu}
   * @param calls number of calls
   * @param seconds time of all calls
   * @param operations floating-point operations of all calls, 0 where they do not matter
   * @param bytes bytes of operands and results of all calls, each counted once a call
   */
  public record Entry(String operation, long calls, double seconds, double operations, long bytes) {
    /** Billions of floating-point operations a second. */
    public double gigaflops() {
      return operations / seconds / 1e9;
    }

    /** Billions of bytes a second. */
    public double gigabytes() {
      return bytes / seconds / 1e9;
    }
  }

  /** A view of a backend that reports its operations here; closing it closes the backend. */
  public Backend around(Backend backend) {
    return new ProfiledBackend(backend, this);
  }

  /** Forgets everything so far. */
  public synchronized void reset() {
    entries.clear();
  }

  synchronized void add(String operation, long nanos, double operations, long bytes) {
    entries.merge(
        operation,
        new Entry(operation, 1, nanos / 1e9, operations, bytes),
        (a, b) ->
            new Entry(
                operation,
                a.calls + b.calls,
                a.seconds + b.seconds,
                a.operations + b.operations,
                a.bytes + b.bytes));
  }

  /** All operations so far, the longest first. */
  public synchronized List<Entry> entries() {
    return entries.values().stream()
        .sorted(Comparator.comparingDouble(Entry::seconds).reversed())
        .toList();
  }
}
