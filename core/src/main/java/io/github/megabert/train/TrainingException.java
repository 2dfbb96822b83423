// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

/** A run cannot go on; the message says why, and what is kept. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A refusal in one sentence. */
  public TrainingException(String message) {
    super(message);
  }

  /** Likewise, of something that has failed. */
  TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
