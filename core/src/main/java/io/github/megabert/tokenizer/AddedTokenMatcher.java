// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.List;

/**
 * Finds added tokens in a text: the leftmost, and of those that begin there the longest, as the
 * reference's Aho–Corasick automaton does. Takes time linear in the text's length, whatever the
 * tokens. Immutable, thread-safe.
 */
final class AddedTokenMatcher {
  /** Receives the text piece by piece. */
  interface Pieces {
    /** A stretch between added tokens; not empty. */
    void text(int from, int to);

    /** An added token with the white space that it swallowed. */
    void added(int id, int from, int to);
  }

  private final PatternStarts patterns;
  private final List<AddedToken> tokens;

  /**
   * @param tokens what is found, with ids
   * @param patterns what is searched, in the same order; an empty one is never found
   */
  AddedTokenMatcher(List<AddedToken> tokens, List<String> patterns) {
    this.tokens = List.copyOf(tokens);
    this.patterns = new PatternStarts(patterns);
  }

  boolean isEmpty() {
    return patterns.isEmpty();
  }

  /** Cuts {@code text[from, to)} into pieces that cover it. */
  void split(CharSequence text, int from, int to, Pieces pieces) {
    PatternStarts.Found found = patterns.find(text, from, to);
    int done = from;
    int searched = from;
    for (int i = found.size() - 1; i >= 0; i--) {
      int begin = found.begin(i);
      if (begin < searched) {
        continue;
      }
      int end = begin + patterns.length(found.pattern(i));
      AddedToken token = tokens.get(found.pattern(i));
      if (!token.singleWord() || standsAlone(text, from, to, begin, end)) {
        int start = token.leftStrip() ? skipSpaceLeft(text, done, begin) : Math.max(begin, done);
        int stop = token.rightStrip() ? skipSpaceRight(text, end, to) : end;
        if (done < start) {
          pieces.text(done, start);
        }
        pieces.added(token.id(), start, stop);
        done = stop;
      }
      searched = end;
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
