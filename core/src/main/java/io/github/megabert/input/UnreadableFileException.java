// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import java.io.IOException;

/**
 * A file cannot be opened or read at all: it is missing, no regular file, forbidden, or larger than
 * what is read. The message is one sentence that names it.
 */
public final class UnreadableFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A refusal with its sentence. */
  public UnreadableFileException(String message) {
    super(message);
  }

  /** A refusal with its sentence and what lies behind it. */
  public UnreadableFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
