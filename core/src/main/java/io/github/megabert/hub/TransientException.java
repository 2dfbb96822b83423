// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What may go better next time. */
final class TransientException extends IOException {
  private static final long serialVersionUID = 1L;

  /** How long the hub asks to wait; null where it says nothing. */
  private final transient @Nullable Duration askedPause;

  TransientException(String message, @Nullable Duration askedPause) {
    super(message);
    this.askedPause = askedPause;
  }

  @Nullable Duration askedPause() {
    return askedPause;
  }
}
