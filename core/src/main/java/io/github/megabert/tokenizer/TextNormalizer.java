// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import org.jspecify.annotations.Nullable;

/**
 * BERT's normalisation: cleaning, spaces around Chinese characters, accent stripping, lower case.
 * Immutable, thread-safe.
 *
 * <p>Character by character, but for the marks that canonical ordering moves: a text that holds one
 * goes through {@link CanonicalOrder}.
 */
final class TextNormalizer {
  private static final char DROPPED = '\uFFFF';

  private final boolean cleanText;
  private final boolean chineseChars;
  private final boolean stripAccents;
  private final boolean lowerCase;
  private final Decomposition decomposition = new Decomposition();

  /** What becomes of each ASCII character; most text never leaves this table. */
  private final char[] ascii = new char[0x80];

  TextNormalizer(TokenizerConfig config) {
    cleanText = config.cleanText();
    chineseChars = config.tokenizeChineseChars();
    stripAccents = config.stripsAccents();
    lowerCase = config.lowerCase();
    for (char c = 0; c < ascii.length; c++) {
      if (cleanText && CharacterClasses.isRemoved(c)) {
        ascii[c] = DROPPED;
      } else if (cleanText && CharacterClasses.isWhitespace(c)) {
        ascii[c] = ' ';
      } else {
        ascii[c] = lowerCase ? Character.toLowerCase(c) : c;
      }
    }
  }

  /** Normalises {@code text[from, to)}; {@code out} holds the result and nothing else. */
  void normalize(String text, int from, int to, NormalizedText out) {
    out.clear();
    int i = from;
    while (i < to) {
      char c = text.charAt(i);
      if (c < 0x80) {
        char mapped = ascii[c];
        if (mapped != DROPPED) {
          out.append(mapped, i);
        }
        i++;
      } else {
        int codePoint = codePointAt(text, i, to);
        if (stripAccents && CharacterClasses.isMovableMark(codePoint)) {
          out.clear();
          new CanonicalOrder(decomposition).normalize(text, from, to, this, out);
          return;
        }
        appendClean(codePoint, i, out);
        i += Character.charCount(codePoint);
      }
    }
  }

  /** The normalised form of a whole text. */
  String normalize(String text) {
    NormalizedText out = new NormalizedText(text);
    normalize(text, 0, text.length(), out);
    return out.toString();
  }

  private void appendClean(int codePoint, int origin, NormalizedText out) {
    int c = clean(codePoint);
    if (c < 0) {
      return;
    }
    if (isSpaced(c)) {
      out.append(' ', origin);
      appendStripped(c, origin, out);
      out.append(' ', origin);
    } else {
      appendStripped(c, origin, out);
    }
  }

  private void appendStripped(int c, int origin, NormalizedText out) {
    @Nullable String decomposed = stripAccents ? decomposition.of(c) : null;
    if (decomposed == null) {
      if (!stripAccents || !CharacterClasses.isAccent(c)) {
        appendLower(c, origin, out);
      }
      return;
    }
    for (int i = 0; i < decomposed.length(); ) {
      int part = decomposed.codePointAt(i);
      if (!CharacterClasses.isAccent(part)) {
        appendLower(part, origin, out);
      }
      i += Character.charCount(part);
    }
  }

  /** The character after cleaning, or −1 when cleaning removes it. */
  int clean(int codePoint) {
    if (!cleanText) {
      return codePoint;
    }
    if (CharacterClasses.isRemoved(codePoint)) {
      return -1;
    }
    return CharacterClasses.isWhitespace(codePoint) ? ' ' : codePoint;
  }

  /** Whether the character gets a space on either side. */
  boolean isSpaced(int codePoint) {
    return chineseChars && CharacterClasses.isChinese(codePoint);
  }

  /** Appends the character, in lower case where the tokenizer wants it. */
  void appendLower(int c, int origin, NormalizedText out) {
    if (!lowerCase) {
      out.appendCodePoint(c, origin);
    } else if (c == 0x130) {
      out.append('i', origin);
      out.append('\u0307', origin);
    } else {
      out.appendCodePoint(CharacterClasses.lowerCase(c), origin);
    }
  }

  /** The code point at {@code index}, never looking at or past {@code to}. */
  static int codePointAt(String text, int index, int to) {
    char high = text.charAt(index);
    if (Character.isHighSurrogate(high) && index + 1 < to) {
      char low = text.charAt(index + 1);
      if (Character.isLowSurrogate(low)) {
        return Character.toCodePoint(high, low);
      }
    }
    return high;
  }
}
