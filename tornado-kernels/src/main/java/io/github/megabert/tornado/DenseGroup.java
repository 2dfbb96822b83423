// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.kernels.AttentionTiles;
import io.github.megabert.tornado.recording.IntegerBlock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sequences of a layout that cuDNN computes together, padded to one length, and where their
 * integers begin.
 *
 * @param sequences sequences of the dense tensors; the last ones may be empty
 * @param queriesAt three integers a sequence: first row, rows, and rows at the beginning that see
 *     masked keys only
 * @param keysAt likewise for the keys
 * @param linesAt a line of the dense tensor for every row of the output, -1 for another group's
 * @param maskAt where the key mask begins, negative without one
 * @param queries length of the dense queries
 * @param keys length of the dense keys
 * @param width columns of a dense head
 */
record DenseGroup(
    AttentionLayout layout,
    int sequences,
    int queriesAt,
    int keysAt,
    int linesAt,
    int maskAt,
    int queries,
    int keys,
    int width) {
  /** Lengths of ragged batches are rounded up to this, so that they share programs. */
  private static final int LENGTH_STEP = 64;

  /** Two columns for mask and padding, and the width a multiple of 8 as cuDNN demands. */
  private static final int MASK_COLUMNS = 8;

  private static final int LARGEST_WIDTH = 128;

  /**
   * The share of the scores that two groups must save. 32 sequences of 16 to 512 tokens: one group
   * of 512 computes 8.4 million scores a head, groups of 256 and 512 5.2 million.
   */
  private static final double WORTHWHILE = 0.75;

  /** Below this length attention is too small a part of a layer for two groups to pay. */
  private static final int LONG = 256;

  /** Whether cuDNN serves the layout: not for a few queries over a cache, nor for odd heads. */
  static boolean serves(AttentionLayout layout) {
    boolean alike = Arrays.equals(layout.queryLength(), layout.keyLength());
    return layout.headDim() % 8 == 0
        && layout.headDim() + MASK_COLUMNS <= LARGEST_WIDTH
        && longest(layout.queryLength()) >= LENGTH_STEP / 2
        && (alike || !layout.causal());
  }

  /**
   * The groups of a layout: one where its sequences are of similar length, otherwise the short and
   * the long ones.
   *
   * @param outRows rows of the output
   * @param keyRows rows of the key matrix
   */
  static List<DenseGroup> of(AttentionLayout layout, int outRows, int keyRows, IntegerBlock block) {
    byte[] mask = layout.keyMask();
    boolean exact = mask == null && uniform(layout.queryLength()) && uniform(layout.keyLength());
    int maskAt =
        mask == null ? -1 : AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), block);
    List<DenseGroup> groups = new ArrayList<>();
    for (int[] members : exact ? List.of(all(layout)) : split(layout)) {
      groups.add(group(layout, members, exact, outRows, maskAt, block));
    }
    return List.copyOf(groups);
  }

  private static int[] all(AttentionLayout layout) {
    int[] members = new int[layout.sequences()];
    Arrays.setAll(members, b -> b);
    return members;
  }

  /** All sequences, or the short ones and the long ones. */
  static List<int[]> split(AttentionLayout layout) {
    int[] members = all(layout);
    int longest = rounded(longest(layout.keyLength()));
    if (longest < LONG || !Arrays.equals(layout.queryLength(), layout.keyLength())) {
      return List.of(members);
    }
    long whole = scores(layout, members);
    List<int[]> best = List.of(members);
    double least = WORTHWHILE * whole;
    for (int limit = LENGTH_STEP; limit < longest; limit += LENGTH_STEP) {
      int most = limit;
      int[] small = Arrays.stream(members).filter(b -> layout.keyLength()[b] <= most).toArray();
      int[] large = Arrays.stream(members).filter(b -> layout.keyLength()[b] > most).toArray();
      if (small.length > 0) {
        long scores = scores(layout, small) + scores(layout, large);
        if (scores < least) {
          least = scores;
          best = List.of(small, large);
        }
      }
    }
    return best;
  }

  /** Scores a head that a group computes. */
  private static long scores(AttentionLayout layout, int[] members) {
    long length = rounded(Arrays.stream(members).map(b -> layout.keyLength()[b]).max().orElse(0));
    return padded(members.length) * length * length;
  }

  private static DenseGroup group(
      AttentionLayout layout,
      int[] members,
      boolean exact,
      int outRows,
      int maskAt,
      IntegerBlock block) {
    int queries = Arrays.stream(members).map(b -> layout.queryLength()[b]).max().orElse(0);
    int keys = Arrays.stream(members).map(b -> layout.keyLength()[b]).max().orElse(0);
    int linesAt = block.section(outRows, -1);
    if (!exact) {
      queries = rounded(queries);
      keys = rounded(keys);
    }
    for (int i = 0; i < members.length; i++) {
      int b = members[i];
      block.ramp(
          linesAt + layout.queryStart()[b], layout.queryLength()[b], i * layout.heads() * queries);
    }
    int sequences = exact ? members.length : padded(members.length);
    int queriesAt = block.section(3 * sequences, 0);
    int keysAt = block.section(3 * sequences, 0);
    for (int i = 0; i < members.length; i++) {
      int b = members[i];
      block.set(queriesAt + 3 * i, layout.queryStart()[b]);
      block.set(queriesAt + 3 * i + 1, layout.queryLength()[b]);
      block.set(queriesAt + 3 * i + 2, blindQueries(layout, b));
      block.set(keysAt + 3 * i, layout.keyStart()[b]);
      block.set(keysAt + 3 * i + 1, layout.keyLength()[b]);
    }
    return new DenseGroup(
        layout,
        sequences,
        queriesAt,
        keysAt,
        linesAt,
        maskAt,
        queries,
        keys,
        layout.headDim() + (exact ? 0 : MASK_COLUMNS));
  }

  /** Queries, from the first on, that see no key that is not masked. */
  private static int blindQueries(AttentionLayout layout, int b) {
    byte[] mask = layout.keyMask();
    if (mask == null) {
      return 0;
    }
    int key = 0;
    while (key < layout.keyLength()[b] && mask[layout.keyStart()[b] + key] == 0) {
      key++;
    }
    return layout.causal() || key == layout.keyLength()[b] ? key : 0;
  }

  static int rounded(int length) {
    return Math.ceilDiv(length, LENGTH_STEP) * LENGTH_STEP;
  }

  /** Numbers of sequences share programs like lengths do. */
  static int padded(int sequences) {
    int step = Math.max(1, Integer.highestOneBit(sequences) / 4);
    return Math.ceilDiv(sequences, step) * step;
  }

  private static int longest(int[] lengths) {
    return Arrays.stream(lengths).max().orElse(0);
  }

  static boolean uniform(int[] lengths) {
    return Arrays.stream(lengths).allMatch(length -> length == lengths[0]);
  }

  /** Elements of the dense queries, and of the dense output. */
  int queryElements() {
    return elements(queries);
  }

  /** Elements of the dense keys, and of the dense values. */
  int keyElements() {
    return elements(keys);
  }

  private int elements(int length) {
    int lines = Math.multiplyExact(sequences * layout.heads(), length);
    return Math.multiplyExact(lines, width);
  }
}
