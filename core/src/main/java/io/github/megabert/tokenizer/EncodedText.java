// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import org.jspecify.annotations.Nullable;

/** The tokens of one text with their places in UTF-16 units and in code points. */
final class EncodedText {
  final TokenBuffer tokens;

  /** How many of the tokens the reference would have read before it stopped. */
  final int referenceSize;

  /** By UTF-16 index the number of code points before it; null when the two are the same. */
  private final int @Nullable [] codePointIndex;

  EncodedText(String text, TokenBuffer tokens, int referenceSize) {
    this.referenceSize = referenceSize;
    this.tokens = tokens;
    this.codePointIndex = hasSurrogates(text) ? codePointIndex(text) : null;
  }

  private static boolean hasSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  private static int[] codePointIndex(String text) {
    int[] index = new int[text.length() + 1];
    int count = 0;
    for (int i = 0; i < text.length(); ) {
      index[i] = count++;
      int units = Character.charCount(text.codePointAt(i));
      if (units == 2) {
        index[i + 1] = count;
      }
      i += units;
    }
    index[text.length()] = count;
    return index;
  }

  boolean countsCodePoints() {
    return codePointIndex != null;
  }

  int codePoint(int charIndex) {
    return codePointIndex == null ? charIndex : codePointIndex[charIndex];
  }

  int size() {
    return tokens.size;
  }
}
