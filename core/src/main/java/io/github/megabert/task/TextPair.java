// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import org.jspecify.annotations.Nullable;

/**
 * One text, or two that are read together.
 *
 * @param first the first or only text
 * @param second the second text, or null
 */
public record TextPair(String first, @Nullable String second) {
  /** Refuses a first text that is null. */
  public TextPair {
    Given.given("the first text of the pair", first);
  }

  /** A text by itself. */
  public static TextPair of(String text) {
    return new TextPair(text, null);
  }

  /** Two texts that are read together. */
  public static TextPair of(String first, String second) {
    return new TextPair(first, Given.given("the second text of the pair", second));
  }
}
