// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.tornado.recording.IntegerBlock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An {@link AttentionLayout} as the integers that attention's kernels of training read. */
public final class AttentionGradientTiles {
  /** Queries, or keys, of a tile. */
  public static final int SIZE = 32;

  /** Columns of a head that lie in local memory at a time, and that a work group writes. */
  public static final int WIDTH = 64;

  /** One more than the width, so that threads of different rows hit different banks. */
  static final int LINE = WIDTH + 1;

  /** Likewise, of a row of scores. */
  static final int SCORES = SIZE + 1;

  /** Threads of a work group. */
  public static final int THREADS = 128;

  /** Numbers that a query and a head leave for the keys' gradients: largest score, 1/sum, D. */
  public static final int STATISTICS = 3;

  static final int FIRST_QUERY = 0;
  static final int QUERIES = 1;
  static final int FIRST_KEY = 2;
  static final int KEYS = 3;

  /** The tile's first query or key, counted within the sequence. */
  static final int START = 4;

  /** Query {@code i} sees keys up to this plus {@code i}. */
  static final int VISIBLE = 5;

  /** Where the sequence's probabilities begin for the dropout mask, in two words. */
  static final int POSITION_LOW = 6;

  static final int POSITION_HIGH = 7;

  /** Integers of a tile. */
  static final int INTEGERS = 8;

  private static final int ALL = 1 << 29;

  private AttentionGradientTiles() {}

  /**
   * Sequences that share no rows, so that their gradients can be added at once; mostly all of them
   * are one wave.
   */
  public static List<List<Integer>> waves(AttentionLayout layout) {
    List<List<Integer>> waves = new ArrayList<>();
    for (int b = 0; b < layout.sequences(); b++) {
      List<Integer> wave = null;
      for (List<Integer> candidate : waves) {
        boolean isFree = true;
        for (int other : candidate.reversed()) {
          isFree &= !overlap(layout, b, other);
        }
        if (isFree) {
          wave = candidate;
          break;
        }
      }
      if (wave == null) {
        wave = new ArrayList<>();
        waves.add(wave);
      }
      wave.add(b);
    }
    return waves;
  }

  private static boolean overlap(AttentionLayout layout, int a, int b) {
    return overlap(
            layout.queryStart()[a],
            layout.queryLength()[a],
            layout.queryStart()[b],
            layout.queryLength()[b])
        || overlap(
            layout.keyStart()[a],
            layout.keyLength()[a],
            layout.keyStart()[b],
            layout.keyLength()[b]);
  }

  private static boolean overlap(int start, int length, int otherStart, int otherLength) {
    return start < otherStart + otherLength && otherStart < start + length;
  }

  /** Tiles of some sequences' queries, or keys. */
  public static int count(AttentionLayout layout, List<Integer> sequences, boolean ofKeys) {
    int[] lengths = ofKeys ? layout.keyLength() : layout.queryLength();
    return sequences.stream().mapToInt(b -> Math.ceilDiv(lengths[b], SIZE)).sum();
  }

  /** Adds the tiles, {@code bucket} of them; those beyond {@link #count} have neither. */
  public static int add(
      AttentionLayout layout,
      List<Integer> sequences,
      boolean ofKeys,
      @Nullable Dropout dropout,
      int bucket,
      IntegerBlock block) {
    int start = block.section(bucket * INTEGERS, 0);
    int at = start;
    for (int b : sequences) {
      int length = ofKeys ? layout.keyLength()[b] : layout.queryLength()[b];
      for (int first = 0; first < length; first += SIZE) {
        set(layout, b, first, dropout, at, block);
        at += INTEGERS;
      }
    }
    return start;
  }

  /** Adds some sequences, each as one tile, {@code bucket} of them; further ones are empty. */
  public static int addSequences(
      AttentionLayout layout,
      int[] sequences,
      @Nullable Dropout dropout,
      int bucket,
      IntegerBlock block) {
    int start = block.section(bucket * INTEGERS, 0);
    for (int i = 0; i < sequences.length; i++) {
      set(layout, sequences[i], 0, dropout, start + i * INTEGERS, block);
    }
    return start;
  }

  private static void set(
      AttentionLayout layout,
      int b,
      int first,
      @Nullable Dropout dropout,
      int at,
      IntegerBlock block) {
    int queries = layout.queryLength()[b];
    int keys = layout.keyLength()[b];
    long position = layout.probabilityOffset(b);
    if (dropout != null) {
      position += dropout.position() + dropout.shift(layout, b);
    }
    block.set(at + FIRST_QUERY, layout.queryStart()[b]);
    block.set(at + QUERIES, queries);
    block.set(at + FIRST_KEY, layout.keyStart()[b]);
    block.set(at + KEYS, keys);
    block.set(at + START, first);
    block.set(at + VISIBLE, layout.causal() ? keys - queries + 1 : ALL);
    block.set(at + POSITION_LOW, (int) position);
    block.set(at + POSITION_HIGH, (int) (position >>> 32));
  }
}
