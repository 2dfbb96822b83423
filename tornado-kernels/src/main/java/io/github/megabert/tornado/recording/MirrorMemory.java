// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JVM's direct memory, in which TornadoVM keeps a copy of every array of the device. */
final class MirrorMemory {
  /** What the JVM says when it is used up. */
  private static final Pattern USED_UP =
      Pattern.compile(
          "Cannot reserve (\\d+) bytes of direct buffer memory"
              + " \\(allocated: (\\d+), limit: (\\d+)\\)");

  private MirrorMemory() {}

  /** What a user should hear where an array could not be made; the same error if it is another. */
  static IllegalStateException explained(OutOfMemoryError failure) {
    Matcher numbers = USED_UP.matcher(String.valueOf(failure.getMessage()));
    if (!numbers.find()) {
      throw failure;
    }
    long wanted = Long.parseLong(numbers.group(1));
    long used = Long.parseLong(numbers.group(2));
    long limit = Long.parseLong(numbers.group(3));
    return new IllegalStateException(
        "the next array needs "
            + MemoryBudget.size(wanted)
            + " of host memory beside its device memory, and of the JVM's "
            + MemoryBudget.size(limit)
            + " of direct memory "
            + MemoryBudget.size(used)
            + " are in use, a copy of what is on the device: raise -XX:MaxDirectMemorySize, or -Xmx"
            + " where that is not given.",
        failure);
  }
}
