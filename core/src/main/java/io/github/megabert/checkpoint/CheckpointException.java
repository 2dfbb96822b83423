// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.input.Quote;
import java.io.IOException;

/**
 * A checkpoint cannot be read: it is malformed, hostile, incomplete or of an unknown kind. The
 * message is one sentence that says where, what was found, what was expected and what to do.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A refusal with its sentence. */
  public CheckpointException(String message) {
    super(message);
  }

  /** A refusal with its sentence and what lies behind it. */
  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A text of the file as a message may show it; see {@link Quote#quote}. */
  public static String quote(String text) {
    return Quote.quote(text);
  }
}
