package io.github.megabert.backend.vector.gemm;

/**
 * How rows are cut into blocks, which stay in the second-level cache. All but the last have full
 * {@link StridedTiles#HIGH high tiles}.
 */
final class RowBlocks {
  /** Tiles in a block: 132 rows × 1024 inputs are 528 KiB of the second-level cache. */
  private static final int TILES = Math.ceilDiv(128, StridedTiles.HIGH);

  /** Rows of a block, at most, with those that its tiles have more. */
  static final int MOST_ROWS = (TILES + 1) * StridedTiles.HIGH;

  private int first;
  private int rows;
  private int tiles;
  private int count;

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
