// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.input.Difference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What ranks of a group agree on: numbers and texts, the same on every one. */
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

  /**
   * Checks that something is the same on all ranks. All ranks call it.
   *
   * @param what it is, such as "data"
   * @throws RanksDisagreeException on all ranks if it is not
   */
  public static void requireSame(Communicator group, String what, String value) {
    List<String> all = gather(group, value);
    for (int rank = 1; rank < all.size(); rank++) {
      if (!all.get(rank).equals(all.getFirst())) {
        throw new RanksDisagreeException(
            "rank "
                + rank
                + " has other "
                + what
                + " than rank 0: "
                + Difference.between(all.get(rank), all.getFirst(), ", there ")
                + "; start all ranks with the same");
      }
    }
  }

  /** The texts of all ranks, in their order. All ranks call it. */
  public static List<String> gather(Communicator group, String text) {
    return group.gatherBytes(text.getBytes(StandardCharsets.UTF_8)).stream()
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .toList();
  }

  private static byte[] bytes(double value) {
    return ByteBuffer.allocate(Double.BYTES).putDouble(value).array();
  }
}
