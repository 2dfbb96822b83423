// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import java.io.FileNotFoundException;

/** No model is named, and the demo model cannot take its place. */
final class NoModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean isDemoAbsent;

  NoModelException(Exception cause) {
    super(
        "the property megabert.model is not set, and "
            + (isAbsent(cause)
                ? "there is no demo model"
                : "the demo model cannot be opened: " + cause.getMessage()),
        cause);
    isDemoAbsent = isAbsent(cause);
  }

  private static boolean isAbsent(Exception cause) {
    return cause instanceof FileNotFoundException;
  }

  /** Whether there is no demo model, rather than one that is damaged. */
  boolean isDemoAbsent() {
    return isDemoAbsent;
  }
}
