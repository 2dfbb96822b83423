// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/**
 * BERT's normalisation and splitting into words, without a vocabulary: what a tokenizer does to a
 * text before it cuts the words into pieces. Immutable, thread-safe.
 */
public final class WordSplitter {
  /** Characters that are normalised at a time; more only where no white space comes. */
  private static final int STRETCH = 1 << 14;

  /** Takes the words of a text, from the first to the last. */
  @FunctionalInterface
  public interface Words {
    /** The word {@code characters[from, to)}, which is not empty; the array is used again. */
    void word(char[] characters, int from, int to);
  }

  /** Takes the places of words. */
  @FunctionalInterface
  interface Bounds {
    /** A word from {@code from} to before {@code to}. */
    void word(int from, int to);
  }

  private final TextNormalizer normalizer;

  /** A splitter with a configuration's settings; its special and added tokens are mere text. */
  public WordSplitter(TokenizerConfig config) {
    normalizer = new TextNormalizer(config);
  }

  /** Hands on each word of the text, as normalisation leaves it. */
  public void split(String text, Words words) {
    int begin = 0;
    NormalizedText normalized =
        new NormalizedText(text.length() <= STRETCH ? text : text.substring(0, STRETCH));
    while (begin < text.length()) {
      int end = stretch(text, begin);
      normalizer.normalize(text, begin, end, normalized);
      char[] characters = normalized.chars;
      splitWords(characters, 0, normalized.length, (from, to) -> words.word(characters, from, to));
      begin = end;
    }
  }

  /** The end of a stretch: behind its last white space, the next one's, or the text's end. */
  private static int stretch(String text, int begin) {
    int limit = begin + STRETCH;
    if (limit >= text.length()) {
      return text.length();
    }
    for (int i = limit; i > begin; i--) {
      if (isPlainSpace(text.charAt(i - 1))) {
        return i;
      }
    }
    for (int i = limit; i < text.length(); i++) {
      if (isPlainSpace(text.charAt(i))) {
        return i + 1;
      }
    }
    return text.length();
  }

  private static boolean isPlainSpace(char c) {
    return c == ' ' || c == '\n';
  }

  /** Splits at white space and around each punctuation character. */
  static void splitWords(char[] characters, int from, int to, Bounds bounds) {
    int begin = from;
    int i = from;
    while (i < to) {
      int c = characters[i];
      int units = 1;
      if (c >= 0x80) {
        c = Character.codePointAt(characters, i, to);
        units = Character.charCount(c);
      }
      if (CharacterClasses.isWhitespace(c)) {
        word(begin, i, bounds);
        begin = i + units;
      } else if (CharacterClasses.isPunctuation(c)) {
        word(begin, i, bounds);
        bounds.word(i, i + units);
        begin = i + units;
      }
      i += units;
    }
    word(begin, to, bounds);
  }

  private static void word(int from, int to, Bounds bounds) {
    if (from < to) {
      bounds.word(from, to);
    }
  }
}
