// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/**
 * Cuts a word into the longest pieces of the vocabulary, from left to right; a word that does not
 * come out even, or is too long, is one unknown token. Immutable, thread-safe.
 */
final class WordPiece {
  private final PieceTrie starts = new PieceTrie();
  private final PieceTrie continuations = new PieceTrie();
  private final int maxCharsPerWord;
  private final int unknownId;

  WordPiece(Vocabulary vocabulary, TokenizerConfig config, int unknownId) {
    this.maxCharsPerWord = config.maxInputCharsPerWord();
    this.unknownId = unknownId;
    String prefix = config.continuingSubwordPrefix();
    // Punctuation is a word of its own, so no word begins with such a prefix and more.
    boolean prefixBeginsNoWord =
        prefix.length() > 1 && CharacterClasses.isPunctuation(prefix.charAt(0));
    for (int id = 0; id < vocabulary.modelSize(); id++) {
      String token = vocabulary.token(id);
      boolean continues = token.startsWith(prefix);
      if (continues) {
        continuations.put(token, prefix.length(), id);
      }
      if (!continues || !prefixBeginsNoWord) {
        starts.put(token, 0, id);
      }
    }
  }

  /** Adds the pieces of the word {@code text[from, to)} to {@code out}. */
  void tokenize(NormalizedText text, int from, int to, int word, TokenBuffer out) {
    char[] chars = text.chars;
    if (to - from > maxCharsPerWord
        && Character.codePointCount(chars, from, to - from) > maxCharsPerWord) {
      addUnknown(text, from, to, word, out);
      return;
    }
    int firstToken = out.size;
    PieceTrie trie = starts;
    int begin = from;
    while (begin < to) {
      int node = 0;
      int end = -1;
      int id = -1;
      for (int i = begin; i < to; ) {
        node = trie.child(node, chars[i++]);
        if (node < 0) {
          break;
        }
        int value = trie.value(node);
        if (value >= 0) {
          id = value;
          end = i;
        }
      }
      if (id < 0) {
        out.size = firstToken;
        addUnknown(text, from, to, word, out);
        return;
      }
      out.add(id, word, text.originStart(begin), text.originEnd(end - 1));
      begin = end;
      trie = continuations;
    }
  }

  private void addUnknown(NormalizedText text, int from, int to, int word, TokenBuffer out) {
    out.add(unknownId, word, text.originStart(from), text.originEnd(to - 1));
  }
}
