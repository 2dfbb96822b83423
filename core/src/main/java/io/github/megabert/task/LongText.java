// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

/** What happens to a text that is longer than the model takes. */
public enum LongText {
  /** It is refused, with a message that gives both lengths. */
  REFUSE,
  /** It is cut; the result says how many tokens are missing. */
  TRUNCATE,
  /** It is read in overlapping windows, and nothing is missing. Not every task can do that. */
  WINDOWS;

  /**
   * Checks that the choice suits a task that reads a text as a whole.
   *
   * @throws IllegalArgumentException for {@code WINDOWS}
   */
  LongText requireWhole() {
    if (this == WINDOWS) {
      throw new IllegalArgumentException(
          "this task reads a text as a whole, windows are not possible; choose REFUSE or TRUNCATE");
    }
    return this;
  }
}
