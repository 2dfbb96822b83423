package io.github.megabert.backend.vector;

/**
 * How rows are cut into blocks, which stay in the second-level cache, and the blocks into tiles.
 * Rows as they lie are cut between {@link RowTiles} of nearly equal height, {@link SpacedRows spaced
 * rows} between full tiles.
 */
final class RowBlocks {
  /** Rows in a block, about: 128 rows × 1024 inputs are 512 KiB of the second-level cache. */
  private static final int ROWS = 128;

  /** Rows of a block, at most, with those of a tile that is not full. */
  static final int MOST_ROWS = ROWS + 2 * TallTile.ROWS;

  private int first;
  private int rows;
  private int tiles;
  private int count;
  private int tileRows;

  /**
   * Cuts rows anew.
   *
   * @param spacedTileRows rows of a tile of spaced rows, or 0 where rows are multiplied as they lie
   */
  void set(int firstRow, int rowCount, int spacedTileRows) {
    first = firstRow;
    rows = rowCount;
    tileRows = spacedTileRows;
    int height = tileRows > 0 ? tileRows : Lanes.MAX_ROWS;
    tiles = Math.ceilDiv(rows, height);
    count = Math.ceilDiv(tiles, Math.ceilDiv(ROWS, height));
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
    return first
        + (tileRows > 0
            ? Math.min(rows, tile * tileRows)
            : (int) ((long) rows * tile / tiles));
  }

  /** Rows of a tile of spaced rows, or 0. */
  int tileRows() {
    return tileRows;
  }

  /**
   * How many rows of a block are multiplied as spaced ones; those behind them, fewer than pay for a
   * tile that is not full, as they lie.
   */
  int spacedRows(int block) {
    if (tileRows == 0) {
      return 0;
    }
    int height = from(block + 1) - from(block);
    int rest = height % tileRows;
    return tileRows == TallTile.ROWS && rest <= StreamTile.ROWS / 2 ? height - rest : height;
  }
}
