// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import org.jspecify.annotations.Nullable;

/** Ranks of a group do not do the same, so that nobody can go on. */
public final class RanksDisagreeException extends CommunicationException {
  private static final long serialVersionUID = 1L;

  /** A disagreement in one sentence. */
  public RanksDisagreeException(String message) {
    this(message, null);
  }

  private RanksDisagreeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  CommunicationException copy() {
    return new RanksDisagreeException(getMessage(), this);
  }
}
