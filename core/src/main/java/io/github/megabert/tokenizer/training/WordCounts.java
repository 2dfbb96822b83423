// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.input.HeapBudget;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Words and how often they came: an open-addressed table whose words lie one after the other in one
 * array. What it takes of the heap is bounded; where that is not enough, rare words go.
 */
final class WordCounts {
  /** Heap of a word here and while its pairs are merged, its characters aside. */
  private static final int BYTES_A_WORD = 96;

  /** Heap of a character: itself, its symbol, and its place in the lists of two pairs. */
  private static final int BYTES_A_CHARACTER = 24;

  private static final int MOST_WORDS = (int) HeapBudget.most(1 << 27, BYTES_A_WORD);
  private static final int MOST_CHARACTERS = (int) HeapBudget.most(1 << 30, BYTES_A_CHARACTER);

  /** Another one in each process, so that no corpus can be written whose words all collide. */
  private static final long MULTIPLIER = new SplittableRandom().nextLong() | 1;

  private final int mostWords;
  private final int mostCharacters;
  private char[] characters = new char[1 << 12];
  private int[] ends = new int[1 << 9];
  private int[] hashes = new int[1 << 9];
  private long[] counts = new long[1 << 9];

  /** By slot the number of a word, from 1; 0 where free. */
  private int[] slots = new int[1 << 10];

  private int size;

  WordCounts() {
    this(MOST_WORDS, MOST_CHARACTERS);
  }

  /** Counts with limits, beyond which {@link #isFull} holds. */
  WordCounts(int mostWords, int mostCharacters) {
    this.mostWords = mostWords;
    this.mostCharacters = mostCharacters;
  }

  /** Counts a word {@code count} times more. */
  void add(char[] text, int from, int to, long count) {
    long hash = (long) to - from;
    for (int i = from; i < to; i++) {
      hash = (hash ^ text[i]) * MULTIPLIER;
      hash ^= hash >>> 29;
    }
    add(text, from, to, (int) (hash >>> 16), count);
  }

  /** Counts what another table has counted. */
  void addAll(WordCounts other) {
    for (int word = 0; word < other.size; word++) {
      add(
          other.characters,
          other.begin(word),
          other.ends[word],
          other.hashes[word],
          other.counts[word]);
    }
  }

  private void add(char[] text, int from, int to, int hash, long count) {
    int slot = hash & (slots.length - 1);
    for (int found = slots[slot]; found != 0; found = slots[slot]) {
      int word = found - 1;
      if (hashes[word] == hash
          && Arrays.equals(characters, begin(word), ends[word], text, from, to)) {
        counts[word] += count;
        return;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    append(text, from, to, hash, count);
    slots[slot] = size;
    if (2 * size >= slots.length) {
      fillSlots(2 * slots.length);
    }
  }

  private void append(char[] text, int from, int to, int hash, long count) {
    int begin = length();
    int end = Math.addExact(begin, to - from);
    if (end > characters.length) {
      characters = Arrays.copyOf(characters, grown(characters.length, end));
    }
    if (size == ends.length) {
      int capacity = grown(size, size + 1);
      ends = Arrays.copyOf(ends, capacity);
      hashes = Arrays.copyOf(hashes, capacity);
      counts = Arrays.copyOf(counts, capacity);
    }
    System.arraycopy(text, from, characters, begin, to - from);
    ends[size] = end;
    hashes[size] = hash;
    counts[size++] = count;
  }

  private static int grown(int length, int least) {
    return (int) Math.max(least, Math.min(length + (length >> 1) + 16L, Integer.MAX_VALUE - 8));
  }

  private void fillSlots(int capacity) {
    slots = new int[capacity];
    for (int word = 0; word < size; word++) {
      int slot = hashes[word] & (capacity - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (capacity - 1);
      }
      slots[slot] = word + 1;
    }
  }

  /** How many different words there are. */
  int size() {
    return size;
  }

  /** How often the word came. */
  long count(int word) {
    return counts[word];
  }

  /** Where the word begins in {@link #characters}. */
  int begin(int word) {
    return word == 0 ? 0 : ends[word - 1];
  }

  /** Where the word ends in {@link #characters}. */
  int end(int word) {
    return ends[word];
  }

  /** The words' characters. */
  char[] characters() {
    return characters;
  }

  /** Characters of all words. */
  int length() {
    return size == 0 ? 0 : ends[size - 1];
  }

  /** Whether there is no room for more words. */
  boolean isFull() {
    return size >= mostWords || length() >= mostCharacters;
  }

  /**
   * Makes room: drops the words that came no more often than half of them did.
   *
   * @return the highest count that was dropped
   */
  long dropRare() {
    long[] sorted = Arrays.copyOf(counts, size);
    Arrays.sort(sorted);
    long most = sorted[(size - 1) / 2];
    int kept = 0;
    int keptEnd = 0;
    int begin = 0;
    for (int word = 0; word < size; word++) {
      int end = ends[word];
      if (counts[word] > most) {
        System.arraycopy(characters, begin, characters, keptEnd, end - begin);
        keptEnd += end - begin;
        ends[kept] = keptEnd;
        hashes[kept] = hashes[word];
        counts[kept++] = counts[word];
      }
      begin = end;
    }
    size = kept;
    fillSlots(slots.length);
    return most;
  }
}
