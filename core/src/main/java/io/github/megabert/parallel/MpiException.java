// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import org.jspecify.annotations.Nullable;

/** MPI is missing, was not started as it must be, or reports an error; the message says which. */
public final class MpiException extends CommunicationException {
  private static final long serialVersionUID = 1L;

  /** A refusal in one sentence. */
  public MpiException(String message) {
    this(message, null);
  }

  private MpiException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  CommunicationException copy() {
    return new MpiException(getMessage(), this);
  }
}
