// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import org.jspecify.annotations.Nullable;

/** Ranks cannot go on together; the message says which rank and why, in one sentence. */
public abstract sealed class CommunicationException extends RuntimeException
    permits RankFailedException, RanksDisagreeException, MpiException {
  private static final long serialVersionUID = 1L;

  CommunicationException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The same failure, thrown on another rank. */
  abstract CommunicationException copy();
}
