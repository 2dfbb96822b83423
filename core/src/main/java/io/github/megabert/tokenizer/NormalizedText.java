// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.Arrays;

/**
 * Normalised characters, each with the index of the original character it came from. A scratch
 * buffer of one call.
 */
final class NormalizedText implements CharSequence {
  /** The normalised UTF-16 units. */
  char[] chars;

  /** For each unit the index in the source where its original code point begins. */
  int[] origins;

  int length;
  private final String source;

  NormalizedText(String source) {
    this.source = source;
    int capacity = Math.min(source.length(), 1 << 20) + 16;
    chars = new char[capacity];
    origins = new int[capacity];
  }

  void clear() {
    length = 0;
  }

  void append(char c, int origin) {
    if (length == chars.length) {
      grow();
    }
    chars[length] = c;
    origins[length++] = origin;
  }

  void appendCodePoint(int c, int origin) {
    if (Character.isBmpCodePoint(c)) {
      append((char) c, origin);
    } else {
      append(Character.highSurrogate(c), origin);
      append(Character.lowSurrogate(c), origin);
    }
  }

  private void grow() {
    int capacity = chars.length + (chars.length >> 1) + 16;
    chars = Arrays.copyOf(chars, capacity);
    origins = Arrays.copyOf(origins, capacity);
  }

  /** Where the original code point of unit {@code index} begins, in UTF-16 units. */
  int originStart(int index) {
    return origins[index];
  }

  /** Where the original code point of unit {@code index} ends, in UTF-16 units. */
  int originEnd(int index) {
    int start = origins[index];
    boolean pair =
        start + 1 < source.length()
            && Character.isHighSurrogate(source.charAt(start))
            && Character.isLowSurrogate(source.charAt(start + 1));
    return start + (pair ? 2 : 1);
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public char charAt(int index) {
    return chars[index];
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return new String(chars, start, end - start);
  }

  @Override
  public String toString() {
    return new String(chars, 0, length);
  }
}
