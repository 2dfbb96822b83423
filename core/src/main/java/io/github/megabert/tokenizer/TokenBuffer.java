// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.Arrays;

/** The tokens of one text as they are found: ids, word numbers and places in the text. */
final class TokenBuffer {
  int[] ids;
  int[] words;

  /** UTF-16 offsets in the original text. */
  int[] starts;

  int[] ends;
  int size;

  TokenBuffer(int capacity) {
    ids = new int[capacity];
    words = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
  }

  void add(int id, int word, int start, int end) {
    if (size == ids.length) {
      grow();
    }
    ids[size] = id;
    words[size] = word;
    starts[size] = start;
    ends[size++] = end;
  }

  private void grow() {
    int capacity = ids.length + (ids.length >> 1) + 16;
    ids = Arrays.copyOf(ids, capacity);
    words = Arrays.copyOf(words, capacity);
    starts = Arrays.copyOf(starts, capacity);
    ends = Arrays.copyOf(ends, capacity);
  }
}
