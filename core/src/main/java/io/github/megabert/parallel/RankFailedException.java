package io.github.megabert.parallel;

import org.jspecify.annotations.Nullable;

/** A rank ended before its work was done. Every other rank throws this from what it waits in. */
public final class RankFailedException extends CommunicationException {
  private static final long serialVersionUID = 1L;

  private final int rank;

  /**
   * A rank that failed.
   *
   * @param rank its number in the whole run
   */
  public RankFailedException(int rank, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.rank = rank;
  }

  /** The number of the rank that failed, in the whole run. */
  public int rank() {
    return rank;
  }

  @Override
  CommunicationException copy() {
    return new RankFailedException(rank, getMessage(), this);
  }
}
