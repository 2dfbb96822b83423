// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Where patterns begin in a text, and which is the longest that begins there. An automaton of Aho
 * and Corasick ("Efficient string matching", 1975) over the reversed patterns reads the text from
 * its end: the longest pattern that ends a reversed text begins the text. One step a character,
 * failures amortised. Immutable, thread-safe.
 */
final class PatternStarts {
  private static final int ROOT = 0;

  private final PieceTrie trie = new PieceTrie();

  /** Units that end a pattern; from the root, no other leads anywhere. */
  private final BitSet lastUnits = new BitSet();

  /** By node, the node of its longest proper suffix that is in the trie. */
  private final int[] failure;

  /** By node, the longest pattern that ends there or at the end of a failure; −1 where none. */
  private final int[] longest;

  private final int[] lengths;

  /** Of equal patterns the first is found; an empty one never is. */
  PatternStarts(List<String> patterns) {
    lengths = patterns.stream().mapToInt(String::length).toArray();
    int deepest = 0;
    String[] reversed = new String[lengths.length];
    for (int i = lengths.length - 1; i >= 0; i--) {
      reversed[i] = reversed(patterns.get(i));
      if (lengths[i] > 0) {
        // The trie keeps the last one put.
        trie.put(reversed[i], 0, i);
        lastUnits.set(reversed[i].charAt(0));
        deepest = Math.max(deepest, lengths[i]);
      }
    }
    failure = new int[trie.size()];
    longest = new int[failure.length];
    Arrays.fill(longest, -1);
    connect(reversed, deepest);
  }

  /** Unit by unit: half a pair is a unit like any other. */
  private static String reversed(String text) {
    char[] units = new char[text.length()];
    for (int i = 0; i < units.length; i++) {
      units[i] = text.charAt(units.length - 1 - i);
    }
    return new String(units);
  }

  /** Failures by depth: a node's is shorter than the node. */
  private void connect(String[] reversed, int deepest) {
    int[] at = new int[reversed.length];
    boolean[] known = new boolean[failure.length];
    for (int depth = 0; depth < deepest; depth++) {
      for (int i = 0; i < reversed.length; i++) {
        if (depth < lengths[i]) {
          char unit = reversed[i].charAt(depth);
          int parent = at[i];
          int node = trie.child(parent, unit);
          at[i] = node;
          if (!known[node]) {
            known[node] = true;
            failure[node] = parent == ROOT ? ROOT : step(failure[parent], unit);
            longest[node] = trie.value(node) >= 0 ? trie.value(node) : longest[failure[node]];
          }
        }
      }
    }
  }

  private int step(int from, char unit) {
    int node = from;
    int child = trie.child(node, unit);
    while (child < 0 && node != ROOT) {
      node = failure[node];
      child = trie.child(node, unit);
    }
    return Math.max(child, ROOT);
  }

  boolean isEmpty() {
    return lastUnits.isEmpty();
  }

  /** Length of a pattern in UTF-16 units. */
  int length(int pattern) {
    return lengths[pattern];
  }

  /** Searches {@code text[from, to)}. */
  Found find(CharSequence text, int from, int to) {
    Found found = new Found();
    int node = ROOT;
    for (int i = to - 1; i >= from; i--) {
      char unit = text.charAt(i);
      if (node != ROOT || lastUnits.get(unit)) {
        node = step(node, unit);
        if (longest[node] >= 0) {
          found.add(i, longest[node]);
        }
      }
    }
    return found;
  }

  /** Beginnings, the last in the text first. */
  static final class Found {
    private static final int[] NONE = {};

    private int[] pairs = NONE;
    private int size;

    private void add(int begin, int pattern) {
      if (2 * size == pairs.length) {
        pairs = Arrays.copyOf(pairs, Math.max(16, 2 * pairs.length));
      }
      pairs[2 * size] = begin;
      pairs[2 * size + 1] = pattern;
      size++;
    }

    int size() {
      return size;
    }

    int begin(int index) {
      return pairs[2 * index];
    }

    int pattern(int index) {
      return pairs[2 * index + 1];
    }
  }
}
