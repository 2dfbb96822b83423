// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.vector.memory.SecondLevelCache;

/**
 * How rows are cut into blocks, which stay in the second-level cache: the {@link Gemm#DEPTH} inputs
 * of a block's rows take half of it,
 *
 * <pre>
 * rows = cache / 2 / (4 · DEPTH), 128 at most,
 * </pre>
 *
 * rounded up to whole {@link StridedTiles#HIGH high tiles}; from 512 KB on the other half holds a
 * panel and sums. Blocks are as large as each other, to a tile. No sum depends on them: one is
 * begun anew after every {@link Gemm#DEPTH} inputs, which is a constant.
 */
final class RowBlocks {
  /** Rows in a block, at most: more were no faster where the cache holds them. */
  private static final int MOST = 128;

  private static final int LEAST_TILES = 2;

  /** Tiles in a block. */
  private static final int TILES = tiles(SecondLevelCache.bytes());

  /** Rows of a block, at most, with those that its tiles have more. */
  static final int MOST_ROWS = (TILES + 1) * StridedTiles.HIGH;

  private int first;
  private int rows;
  private int tiles;
  private int count;

  /** Tiles in a block for a second-level cache of so many bytes. */
  static int tiles(int cache) {
    int rows = Math.min(MOST, cache / 2 / (Gemm.DEPTH * Float.BYTES));
    return Math.max(LEAST_TILES, Math.ceilDiv(rows, StridedTiles.HIGH));
  }

  /** Cuts rows anew. */
  void set(int firstRow, int rowCount) {
    first = firstRow;
    rows = rowCount;
    tiles = Math.ceilDiv(rows, StridedTiles.HIGH);
    count = Math.ceilDiv(tiles, TILES);
  }

  /** All rows. */
  int rows() {
    return rows;
  }

  /** Blocks. */
  int count() {
    return count;
  }

  /** The first row of a block; that of the block after the last is the end. */
  int from(int block) {
    int tile = (int) ((long) tiles * block / count);
    return first + Math.min(rows, tile * StridedTiles.HIGH);
  }
}
