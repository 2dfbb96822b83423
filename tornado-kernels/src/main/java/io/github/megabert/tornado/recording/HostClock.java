// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.EnumMap;
import java.util.Map;

/** How long the host took for the parts of a computation's last run, beside the device. */
public final class HostClock {
  /** What the host does, in this order. */
  public enum Part {
    /** From the begin of the computation to the start of the first graph. */
    RECORD,
    /** Copying what goes to the device to where the device takes it from. */
    FILL,
    /** Starting the first graph. */
    START,
    /** What is left, while the first graph runs: recording, where it began early, and starting. */
    REST
  }

  private final Map<Part, Long> nanos = new EnumMap<>(Part.class);
  private long last = System.nanoTime();

  /** Ends a part, which began when the one before ended. */
  void ended(Part part) {
    long now = System.nanoTime();
    nanos.put(part, now - last);
    last = now;
  }

  /** Nanoseconds of a part. */
  public long nanos(Part part) {
    return nanos.getOrDefault(part, 0L);
  }
}
