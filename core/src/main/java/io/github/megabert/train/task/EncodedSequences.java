// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.tokenizer.Encoding;
import java.util.Arrays;

/**
 * Token sequences of a whole data set, four bytes a token. The first tokens of a sequence are of
 * type 0, those from a boundary on of type 1.
 */
final class EncodedSequences {
  private int[] ids = new int[1 << 10];
  private int[] ends = new int[1 << 6];
  private int[] boundaries = new int[1 << 6];
  private int size;

  int size() {
    return size;
  }

  /** Tokens of all sequences. */
  int tokens() {
    return start(size);
  }

  private int start(int sequence) {
    return sequence == 0 ? 0 : ends[sequence - 1];
  }

  int length(int sequence) {
    return ends[sequence] - start(sequence);
  }

  /** Adds a text or a pair. */
  void add(Encoding encoding) {
    int boundary = 0;
    while (boundary < encoding.size() && encoding.typeIds()[boundary] == 0) {
      boundary++;
    }
    add(encoding.ids(), 0, encoding.size(), boundary);
  }

  /** Adds the tokens {@code from} to {@code to - 1}, all of type 0. */
  void add(int[] tokens, int from, int to) {
    add(tokens, from, to, to - from);
  }

  private void add(int[] tokens, int from, int to, int boundary) {
    int begin = tokens();
    int end = Math.addExact(begin, to - from);
    if (end > ids.length) {
      ids = Arrays.copyOf(ids, grown(end));
    }
    if (size == ends.length) {
      ends = Arrays.copyOf(ends, grown(size + 1));
      boundaries = Arrays.copyOf(boundaries, ends.length);
    }
    System.arraycopy(tokens, from, ids, begin, to - from);
    ends[size] = end;
    boundaries[size++] = boundary;
  }

  /** Half as much again, as far as an array can be. */
  private static int grown(int needed) {
    return (int) Math.min(Integer.MAX_VALUE - 8, needed + (needed >> 1) + 1L);
  }

  /** A copy of a sequence's tokens. */
  int[] tokens(int sequence) {
    return Arrays.copyOfRange(ids, start(sequence), ends[sequence]);
  }

  /** Some sequences, in the order of the indices. */
  Batch batch(int[] sequences) {
    int[] offsets = new int[sequences.length + 1];
    for (int b = 0; b < sequences.length; b++) {
      offsets[b + 1] = offsets[b] + length(sequences[b]);
    }
    int tokens = offsets[sequences.length];
    int[] tokenIds = new int[tokens];
    int[] typeIds = new int[tokens];
    int[] positions = new int[tokens];
    for (int b = 0; b < sequences.length; b++) {
      int length = offsets[b + 1] - offsets[b];
      System.arraycopy(ids, start(sequences[b]), tokenIds, offsets[b], length);
      Arrays.fill(typeIds, offsets[b] + boundaries[sequences[b]], offsets[b + 1], 1);
      for (int t = 0; t < length; t++) {
        positions[offsets[b] + t] = t;
      }
    }
    return new Batch(offsets, tokenIds, typeIds, positions, null, null, null);
  }
}
