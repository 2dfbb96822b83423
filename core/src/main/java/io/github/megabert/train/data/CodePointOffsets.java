// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import org.jspecify.annotations.Nullable;

/**
 * Where a text's Unicode code points begin, in UTF-16 units: files count the former, as Python
 * does, Java the latter.
 */
final class CodePointOffsets {
  private final int length;

  /** The begin of each code point; null where every one is one unit. */
  private final int @Nullable [] starts;

  CodePointOffsets(String text) {
    length = text.codePointCount(0, text.length());
    starts = length == text.length() ? null : starts(text, length);
  }

  private static int[] starts(String text, int length) {
    int[] starts = new int[length + 1];
    int at = 0;
    for (int i = 0; i < length; i++) {
      starts[i] = at;
      at += Character.charCount(text.codePointAt(at));
    }
    starts[length] = at;
    return starts;
  }

  /**
   * The place of a code point, or of the end.
   *
   * @throws IllegalArgumentException if the text has no such place
   */
  int unitOf(int codePoint) {
    if (codePoint < 0 || codePoint > length) {
      throw new IllegalArgumentException(
          "character " + codePoint + " is outside of the text of " + length + " characters");
    }
    return starts == null ? codePoint : starts[codePoint];
  }
}
