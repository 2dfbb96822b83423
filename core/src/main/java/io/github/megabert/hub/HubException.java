// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;

/**
 * A model cannot be fetched, or is not in the cache. The message is one sentence that says what was
 * found, what was expected and what to do.
 */
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A refusal with its sentence. */
  public HubException(String message) {
    super(message);
  }

  /** A refusal with its sentence and what lies behind it. */
  public HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
