package io.github.megabert.backend.vector;

import java.lang.foreign.MemorySegment;

/**
 * Rows in the order in which {@link TallTile} reads them: of every {@link TallTile#ROWS} rows the
 * first floats, then the second ones, and so on.
 */
final class InterleavedRows implements Team.Body {
  /** Floats of a row that are taken at a time: what is written then stays in the first cache. */
  private static final int BLOCK = 128;

  private final RowBlocks blocks;
  private MemorySegment x = MemorySegment.NULL;
  private float[] floats = {};
  private int inputs;

  /** Of the rows in some blocks, which are cut before each {@link #take}. */
  InterleavedRows(RowBlocks blocks) {
    this.blocks = blocks;
  }

  /**
   * Interleaves what the blocks have in tall tiles.
   *
   * @param rows all rows
   * @param width floats of a row
   */
  void take(MemorySegment rows, int width, Team team) {
    x = rows;
    inputs = width;
    int count = Math.multiplyExact(blocks.rows(), width);
    if (floats.length < count) {
      floats = new float[count];
    }
    team.run(blocks.count() * blocks.mostTallTiles(), this);
  }

  /** The floats of all tiles. */
  float[] floats() {
    return floats;
  }

  /** Where the tile begins whose first row this is. */
  int tileAt(int row) {
    return (row - blocks.first()) * inputs;
  }

  @Override
  public void run(int task, int next, int slot) {
    int most = blocks.mostTallTiles();
    int block = task / most;
    int tile = task % most;
    if (tile < blocks.tallTiles(block)) {
      int row = blocks.from(block) + tile * TallTile.ROWS;
      long stride = (long) inputs * Float.BYTES;
      for (int from = 0; from < inputs; from += BLOCK) {
        int count = Math.min(BLOCK, inputs - from);
        long at = row * stride + (long) from * Float.BYTES;
        interleave(x, at, stride, count, floats, tileAt(row) + from * TallTile.ROWS);
      }
    }
  }

  /** Interleaves {@code count} floats of each of the rows of a tile. */
  private static void interleave(
      MemorySegment x, long offset, long stride, int count, float[] target, int to) {
    for (int row = 0; row < TallTile.ROWS; row++) {
      long from = offset + row * stride;
      for (int k = 0; k < count; k++) {
        target[to + k * TallTile.ROWS + row] = x.get(Lanes.FLOAT, from + (long) k * Float.BYTES);
      }
    }
  }
}
