package io.github.megabert.tokenizer;

import java.util.BitSet;
import java.util.List;

/**
 * Finds added tokens in a text: the leftmost, and of those that begin there the longest, as the
 * reference's Aho–Corasick automaton does. Immutable, thread-safe.
 */
final class AddedTokenMatcher {
  /** Receives the text piece by piece. */
  interface Pieces {
    /** A stretch between added tokens; not empty. */
    void text(int from, int to);

    /** An added token with the white space that it swallowed. */
    void added(int id, int from, int to);
  }

  private final PieceTrie trie = new PieceTrie();
  private final BitSet firstUnits = new BitSet();
  private final List<AddedToken> tokens;

  /**
   * @param tokens what is found, with ids
   * @param patterns what is searched, in the same order; an empty one is never found
   */
  AddedTokenMatcher(List<AddedToken> tokens, List<String> patterns) {
    this.tokens = List.copyOf(tokens);
    for (int i = 0; i < patterns.size(); i++) {
      String pattern = patterns.get(i);
      if (!pattern.isEmpty()) {
        trie.put(pattern, 0, i);
        firstUnits.set(pattern.charAt(0));
      }
    }
  }

  boolean isEmpty() {
    return firstUnits.isEmpty();
  }

  /** Cuts {@code text[from, to)} into pieces that cover it. */
  void split(CharSequence text, int from, int to, Pieces pieces) {
    int done = from;
    int i = from;
    while (i < to) {
      if (!firstUnits.get(text.charAt(i))) {
        i++;
        continue;
      }
      int index = -1;
      int end = i;
      int node = 0;
      for (int k = i; k < to; ) {
        node = trie.child(node, text.charAt(k++));
        if (node < 0) {
          break;
        }
        if (trie.value(node) >= 0) {
          index = trie.value(node);
          end = k;
        }
      }
      if (index < 0) {
        i++;
        continue;
      }
      AddedToken token = tokens.get(index);
      if (!token.singleWord() || standsAlone(text, from, to, i, end)) {
        int start = token.leftStrip() ? skipSpaceLeft(text, done, i) : Math.max(i, done);
        int stop = token.rightStrip() ? skipSpaceRight(text, end, to) : end;
        if (done < start) {
          pieces.text(done, start);
        }
        pieces.added(token.id(), start, stop);
        done = stop;
      }
      i = end;
    }
    if (done < to) {
      pieces.text(done, to);
    }
  }

  private static boolean standsAlone(CharSequence text, int from, int to, int start, int end) {
    boolean left =
        start == from || !CharacterClasses.isWordCharacter(Character.codePointBefore(text, start));
    boolean right =
        end == to || !CharacterClasses.isWordCharacter(Character.codePointAt(text, end));
    return left && right;
  }

  private static int skipSpaceLeft(CharSequence text, int limit, int from) {
    int i = Math.max(from, limit);
    while (i > limit && CharacterClasses.isWhitespace(text.charAt(i - 1))) {
      i--;
    }
    return i;
  }

  private static int skipSpaceRight(CharSequence text, int from, int limit) {
    int i = from;
    while (i < limit && CharacterClasses.isWhitespace(text.charAt(i))) {
      i++;
    }
    return i;
  }
}
