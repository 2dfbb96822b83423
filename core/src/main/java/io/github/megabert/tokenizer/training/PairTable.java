// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import java.util.Arrays;

/**
 * Pairs of symbols, each with its count and the words in which it was seen lately. A pair has a
 * number, from 0 in the order in which pairs came.
 */
final class PairTable {
  private static final int[] NO_WORDS = {};

  /** Fibonacci hashing: 2⁶⁴ divided by the golden ratio. */
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  private long[] pairs = new long[1 << 9];
  private long[] counts = new long[1 << 9];
  private int[][] words = new int[1 << 9][];
  private int[] wordCounts = new int[1 << 9];

  /** By slot the number of a pair plus one; 0 where free. */
  private int[] slots = new int[1 << 10];

  private int size;

  static long pair(int first, int second) {
    return (long) first << 32 | second;
  }

  static int first(long pair) {
    return (int) (pair >>> 32);
  }

  static int second(long pair) {
    return (int) pair;
  }

  /** The number of a pair, which is new if need be. */
  int number(long pair) {
    int slot = slot(pair);
    for (int found = slots[slot]; found != 0; found = slots[slot]) {
      if (pairs[found - 1] == pair) {
        return found - 1;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    if (size == pairs.length) {
      int capacity = size + (size >> 1);
      pairs = Arrays.copyOf(pairs, capacity);
      counts = Arrays.copyOf(counts, capacity);
      words = Arrays.copyOf(words, capacity);
      wordCounts = Arrays.copyOf(wordCounts, capacity);
    }
    pairs[size] = pair;
    words[size] = NO_WORDS;
    slots[slot] = ++size;
    if (2 * size >= slots.length) {
      grow();
    }
    return size - 1;
  }

  private int slot(long pair) {
    return (int) ((pair * MULTIPLIER) >>> 32) & (slots.length - 1);
  }

  private void grow() {
    slots = new int[2 * slots.length];
    for (int number = 0; number < size; number++) {
      int slot = slot(pairs[number]);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = number + 1;
    }
  }

  int size() {
    return size;
  }

  long pairOf(int number) {
    return pairs[number];
  }

  long count(int number) {
    return counts[number];
  }

  void add(int number, long count) {
    counts[number] += count;
  }

  /** Notes that the pair is in a word; whether it is the first since {@link #takeWords}. */
  boolean noteWord(int number, int word) {
    int count = wordCounts[number];
    if (count > 0 && words[number][count - 1] == word) {
      return false;
    }
    if (count == words[number].length) {
      words[number] = Arrays.copyOf(words[number], count + (count >> 1) + 1);
    }
    words[number][count] = word;
    wordCounts[number]++;
    return count == 0;
  }

  /** The words noted since the last call, in the order in which they were; they are forgotten. */
  int[] takeWords(int number) {
    int[] taken = Arrays.copyOf(words[number], wordCounts[number]);
    words[number] = NO_WORDS;
    wordCounts[number] = 0;
    return taken;
  }
}
