// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.recording.IntegerBlock;

/** An {@link AttentionLayout} as the integers that the attention kernels read. */
public final class AttentionTiles {
  /** Queries of a tile, one a lane. */
  public static final int QUERIES = 32;

  /** Keys that lie in local memory at a time: 2 × 16 KiB with their values. */
  static final int KEYS = 64;

  /** The largest head that the tiled kernel serves; smaller ones are padded with zeros. */
  public static final int DIM = 64;

  /** Keys between two rescalings of the running sum. */
  static final int CHUNK = 8;

  /** Threads of a work group of the tiled kernel. */
  public static final int THREADS = 128;

  /** Integers of a tile: first query, queries, first key, keys, keys its first query may see. */
  static final int INTEGERS = 5;

  /** Integers of a query: row, first key, keys, visible keys, offset of head 0, heads' distance. */
  static final int QUERY_INTEGERS = 6;

  /** Threads of a work group of the kernel that stores probabilities. */
  public static final int QUERY_THREADS = 64;

  private static final int ALL = 1 << 30;

  private AttentionTiles() {}

  /** Tiles of {@code size} queries that the layout needs. */
  public static int count(AttentionLayout layout, int size) {
    int count = 0;
    for (int length : layout.queryLength()) {
      count += Math.ceilDiv(length, size);
    }
    return count;
  }

  /** Adds the tiles, {@code bucket} of them; those beyond {@link #count} have no queries. */
  public static int add(AttentionLayout layout, int size, int bucket, IntegerBlock block) {
    int start = block.section(bucket * INTEGERS, 0);
    int at = start;
    for (int b = 0; b < layout.sequences(); b++) {
      int queries = layout.queryLength()[b];
      int keys = layout.keyLength()[b];
      for (int first = 0; first < queries; first += size) {
        int count = Math.min(size, queries - first);
        int visible = layout.causal() ? keys - queries + first + 1 : ALL;
        block.set(at, layout.queryStart()[b] + first);
        block.set(at + 1, count);
        block.set(at + 2, layout.keyStart()[b]);
        block.set(at + 3, Math.min(keys, visible + count - 1));
        block.set(at + 4, visible);
        at += INTEGERS;
      }
    }
    return start;
  }

  /** Queries of all sequences. */
  public static int queries(AttentionLayout layout) {
    int count = 0;
    for (int length : layout.queryLength()) {
      count += length;
    }
    return count;
  }

  /** Adds the queries, {@code bucket} of them; those beyond {@link #queries} have row -1. */
  public static int addQueries(AttentionLayout layout, int bucket, IntegerBlock block) {
    int start = block.section(bucket * QUERY_INTEGERS, 0);
    for (int i = 0; i < bucket; i++) {
      block.set(start + i * QUERY_INTEGERS, -1);
    }
    int at = start;
    for (int b = 0; b < layout.sequences(); b++) {
      int queries = layout.queryLength()[b];
      int keys = layout.keyLength()[b];
      for (int i = 0; i < queries; i++) {
        block.set(at, layout.queryStart()[b] + i);
        block.set(at + 1, layout.keyStart()[b]);
        block.set(at + 2, keys);
        block.set(at + 3, layout.causal() ? keys - queries + i + 1 : keys);
        block.set(at + 4, Math.toIntExact(layout.probabilityOffset(b) + (long) i * keys));
        block.set(at + 5, Math.multiplyExact(queries, keys));
        at += QUERY_INTEGERS;
      }
    }
    return start;
  }

  /** Adds the key mask, {@code bucket} integers, 1 beyond its end. */
  public static int addMask(byte[] mask, int bucket, IntegerBlock block) {
    int start = block.section(bucket, 1);
    for (int i = 0; i < mask.length; i++) {
      block.set(start + i, mask[i]);
    }
    return start;
  }
}
