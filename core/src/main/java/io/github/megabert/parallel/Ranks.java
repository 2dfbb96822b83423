package io.github.megabert.parallel;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What ranks of a group agree on: single numbers, the same on every one. */
public final class Ranks {
  private Ranks() {}

  /** The sum of a number over all ranks, in their order; the number itself without a group. */
  public static double sum(@Nullable Communicator group, double value) {
    if (group == null || group.size() == 1) {
      return value;
    }
    double sum = 0;
    for (byte[] part : group.gatherBytes(bytes(value))) {
      sum += ByteBuffer.wrap(part).getDouble();
    }
    return sum;
  }

  /** Whether it is so on any rank. */
  public static boolean any(@Nullable Communicator group, boolean value) {
    return sum(group, value ? 1 : 0) > 0;
  }

  private static byte[] bytes(double value) {
    return ByteBuffer.allocate(Double.BYTES).putDouble(value).array();
  }
}
