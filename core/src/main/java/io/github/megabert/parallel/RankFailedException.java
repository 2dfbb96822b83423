// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import org.jspecify.annotations.Nullable;

/** A rank ended before its work was done. Every other rank throws this from what it waits in. */
public final class RankFailedException extends CommunicationException {
  private static final long serialVersionUID = 1L;

  private final int rank;
  private final boolean isLost;

  /**
   * A rank that failed.
   *
   * @param rank its number in the whole run
   * @param isLost whether it could not say why: it was killed, or its host is lost
   */
  public RankFailedException(
      int rank, boolean isLost, @Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
    this.rank = rank;
    this.isLost = isLost;
  }

  /** A rank that threw, and could say why itself. */
  public static RankFailedException of(int rank, Throwable thrown) {
    String message = "rank " + rank + " failed: " + says(thrown);
    return new RankFailedException(rank, false, message, thrown);
  }

  private static String says(Throwable thrown) {
    @Nullable String message = thrown.getMessage();
    return thrown instanceof Error || message == null ? thrown.toString() : message;
  }

  /** Whether the rank could not say why: it was killed, or its host is lost. */
  public boolean isLost() {
    return isLost;
  }

  /** The number of the rank that failed, in the whole run. */
  public int rank() {
    return rank;
  }

  @Override
  CommunicationException copy() {
    return new RankFailedException(rank, isLost, getMessage(), this);
  }
}
