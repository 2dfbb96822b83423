// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.CheckpointException;

/**
 * How much one file may unpack to, by inflating and by views that repeat elements: each at most 100
 * times its size, and 64 MiB at any rate. Weights hardly compress, and a tied weight or shared
 * layers repeat a few times; so a file whose members or tensors claim more wants memory, not to be
 * read. Counts over a whole file, an archive within an archive included.
 */
final class UnpackingLimit {
  private static final long HARMLESS = 64L << 20;
  private static final long HIGHEST_RATIO = 100;

  private final String source;
  private final long fileBytes;
  private final long most;
  private long inflated;
  private long viewed;

  /**
   * A new count.
   *
   * @param fileBytes size of the file as it lies on the disk
   */
  UnpackingLimit(String source, long fileBytes) {
    this.source = source;
    this.fileBytes = fileBytes;
    most =
        Math.max(
            HARMLESS,
            fileBytes < Long.MAX_VALUE / HIGHEST_RATIO
                ? fileBytes * HIGHEST_RATIO
                : Long.MAX_VALUE);
  }

  /** Counts a compressed member. */
  void inflate(long bytes) throws CheckpointException {
    inflated = add(inflated, bytes);
    require(inflated, "compressed members that inflate to");
  }

  /** Counts a tensor, whatever bytes of its storage it shares with others. */
  void view(long bytes) throws CheckpointException {
    viewed = add(viewed, bytes);
    require(viewed, "tensors of together");
  }

  private static long add(long sum, long bytes) {
    long total = sum + bytes;
    return total < 0 ? Long.MAX_VALUE : total;
  }

  private void require(long total, String what) throws CheckpointException {
    if (total > most) {
      throw new CheckpointException(
          source
              + " has "
              + fileBytes
              + " bytes, but "
              + what
              + " "
              + total
              + " bytes or more, as no weights do; at most "
              + most
              + " are read");
    }
  }
}
