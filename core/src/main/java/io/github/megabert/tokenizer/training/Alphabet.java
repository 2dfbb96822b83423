// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The characters of the words, by code point. */
final class Alphabet {
  private final long[] counts = new long[Character.MAX_CODE_POINT + 1];

  /** Those that are kept, ascending. */
  private final int[] kept;

  /**
   * The characters of all words, or the most frequent ones; of characters that are as frequent as
   * each other the lower ones come first.
   */
  Alphabet(WordCounts words, int limit) {
    char[] characters = words.characters();
    for (int word = 0; word < words.size(); word++) {
      int end = words.end(word);
      for (int i = words.begin(word); i < end; ) {
        int c = Character.codePointAt(characters, i, end);
        counts[c] += words.count(word);
        i += Character.charCount(c);
      }
    }
    kept =
        IntStream.range(0, counts.length)
            .filter(c -> counts[c] > 0)
            .boxed()
            .sorted((a, b) -> Long.compare(counts[b], counts[a]))
            .limit(limit)
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
  }

  /** The characters that are kept, ascending. */
  int[] characters() {
    return kept.clone();
  }

  /**
   * Cuts words into characters; those that are not kept are left out.
   *
   * @param pieces get the characters, then those that continue a word, by code point each
   */
  WordSymbols cut(WordCounts words, Pieces pieces) {
    boolean[] continues = continuing(words);
    int[] first = new int[kept.length];
    int[] next = new int[kept.length];
    for (int i = 0; i < kept.length; i++) {
      first[i] = pieces.add(Character.toString(kept[i]));
    }
    for (int i = 0; i < kept.length; i++) {
      next[i] = continues[i] ? pieces.add(Pieces.PREFIX + Character.toString(kept[i])) : -1;
    }
    char[] characters = words.characters();
    WordSymbols symbols = new WordSymbols(words.size(), words.length());
    for (int word = 0; word < words.size(); word++) {
      symbols.addWord();
      int begin = words.begin(word);
      int end = words.end(word);
      for (int i = begin; i < end; ) {
        int c = Character.codePointAt(characters, i, end);
        int index = Arrays.binarySearch(kept, c);
        if (index >= 0) {
          symbols.addSymbol(i == begin ? first[index] : next[index]);
        }
        i += Character.charCount(c);
      }
    }
    return symbols;
  }

  /** Which of the characters stand anywhere behind a word's first. */
  private boolean[] continuing(WordCounts words) {
    boolean[] continues = new boolean[kept.length];
    char[] characters = words.characters();
    for (int word = 0; word < words.size(); word++) {
      int end = words.end(word);
      int i = words.begin(word);
      i += Character.charCount(Character.codePointAt(characters, i, end));
      while (i < end) {
        int c = Character.codePointAt(characters, i, end);
        int index = Arrays.binarySearch(kept, c);
        if (index >= 0) {
          continues[index] = true;
        }
        i += Character.charCount(c);
      }
    }
    return continues;
  }
}
