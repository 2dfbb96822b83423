// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

/** No model is named, and there is no demo model. */
final class NoModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoModelException(Throwable cause) {
    super("the property megabert.model is not set, and there is no demo model", cause);
  }
}
