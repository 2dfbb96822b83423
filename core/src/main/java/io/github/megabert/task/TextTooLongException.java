// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

/** A text, or a pair of texts, has more tokens than the model takes, and was not to be cut. */
public final class TextTooLongException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** What it has. */
  private final int tokens;

  /** What the model takes. */
  private final int limit;

  TextTooLongException(String message, int tokens, int limit) {
    super(message);
    this.tokens = tokens;
    this.limit = limit;
  }

  /** Tokens that it has, special tokens included. */
  public int tokens() {
    return tokens;
  }

  /** Most tokens that the model takes, special tokens included. */
  public int limit() {
    return limit;
  }
}
