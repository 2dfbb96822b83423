// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.tokenizer.Encoding;

/**
 * A stretch of a text.
 *
 * @param start where it begins, in UTF-16 units, as {@link String#substring} counts
 * @param end where it ends (exclusive), in UTF-16 units
 * @param codePointStart where it begins, in Unicode code points, as Python counts
 * @param codePointEnd where it ends (exclusive), in Unicode code points
 */
public record TextSpan(int start, int end, int codePointStart, int codePointEnd) {
  /** The place of a token. */
  static TextSpan of(Encoding encoding, int token) {
    return new TextSpan(
        encoding.charStart()[token],
        encoding.charEnd()[token],
        encoding.codePointStart()[token],
        encoding.codePointEnd()[token]);
  }

  /** The stretch itself. */
  public String of(String text) {
    return text.substring(start, end);
  }

  /** Length in code points. */
  int codePoints() {
    return codePointEnd - codePointStart;
  }
}
