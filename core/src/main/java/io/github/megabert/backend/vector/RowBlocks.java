package io.github.megabert.backend.vector;

/**
 * How rows are cut into blocks, which stay in the second-level cache, and the blocks into tiles.
 * The boundaries of blocks lie between those of {@link RowTiles} of nearly equal height.
 */
final class RowBlocks {
  /** Tiles in a block: 128 rows × 1024 inputs are 512 KiB of the second-level cache. */
  private static final int TILES = Math.ceilDiv(128, Lanes.MAX_ROWS);

  /** Rows of a block, at most. */
  static final int MOST_ROWS = (TILES + 1) * Lanes.MAX_ROWS;

  private int first;
  private int rows;
  private int tiles;
  private int count;
  private int tileRows;

  /**
   * Cuts rows anew.
   *
   * @param tileHeight rows of an interleaved tile, or 0 where none are wanted
   */
  void set(int firstRow, int rowCount, int tileHeight) {
    first = firstRow;
    rows = rowCount;
    tileRows = tileHeight;
    tiles = Math.ceilDiv(rows, Lanes.MAX_ROWS);
    count = Math.ceilDiv(tiles, TILES);
  }

  /** The first row of all. */
  int first() {
    return first;
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
    return first + (int) ((long) rows * tile / tiles);
  }

  /** Rows of an interleaved tile. */
  int tileRows() {
    return tileRows;
  }

  /**
   * How many interleaved tiles a block begins with; the rows behind them are tiles as they lie. Few
   * rows have as many as hold them all.
   */
  int interleavedTiles(int block) {
    if (tileRows == 0) {
      return 0;
    }
    int height = from(block + 1) - from(block);
    if (rows < 2 * TallTile.ROWS) {
      return Math.ceilDiv(height, tileRows);
    }
    int most = height / tileRows;
    int rest = height - most * tileRows;
    // One or two rows alone would be a slow tile.
    return rest == 1 || rest == 2 ? most - 1 : most;
  }

  /** Interleaved tiles of the block that has most. */
  int mostInterleavedTiles() {
    int most = 0;
    for (int block = 0; block < count; block++) {
      most = Math.max(most, interleavedTiles(block));
    }
    return most;
  }
}
