// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

/**
 * Words as sequences of symbols, one behind the other in one array; merging shortens a sequence
 * where it stands.
 */
final class WordSymbols {
  private final int[] symbols;
  private final int[] begins;
  private final int[] lengths;
  private int size;
  private int end;

  /** Takes what pairs a merge takes away and which it makes. */
  interface Changes {
    /** The pair stands in the word once less. */
    void gone(int first, int second);

    /** The pair stands in the word once more. */
    void made(int first, int second);
  }

  WordSymbols(int words, int mostSymbols) {
    symbols = new int[mostSymbols];
    begins = new int[words];
    lengths = new int[words];
  }

  /** Begins a word, without symbols so far. */
  void addWord() {
    begins[size++] = end;
  }

  /** Appends a symbol to the last word. */
  void addSymbol(int symbol) {
    symbols[end++] = symbol;
    lengths[size - 1]++;
  }

  int size() {
    return size;
  }

  int length(int word) {
    return lengths[word];
  }

  int symbol(int word, int index) {
    return symbols[begins[word] + index];
  }

  /** Puts {@code merged} in the place of each {@code first, second} of a word, from the left. */
  void merge(int word, int first, int second, int merged, Changes changes) {
    int begin = begins[word];
    int limit = begin + lengths[word];
    int to = begin;
    for (int from = begin; from < limit; to++) {
      if (symbols[from] == first && from + 1 < limit && symbols[from + 1] == second) {
        if (to > begin) {
          changes.gone(symbols[to - 1], first);
          changes.made(symbols[to - 1], merged);
        }
        if (from + 2 < limit) {
          changes.gone(second, symbols[from + 2]);
          changes.made(merged, symbols[from + 2]);
        }
        symbols[to] = merged;
        from += 2;
      } else {
        symbols[to] = symbols[from++];
      }
    }
    lengths[word] = to - begin;
  }
}
