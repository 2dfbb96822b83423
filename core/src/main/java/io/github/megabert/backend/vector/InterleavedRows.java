package io.github.megabert.backend.vector;

import java.lang.foreign.MemorySegment;

/**
 * Rows in the order in which {@link TallTile} and {@link StreamTile} read them: of the rows of
 * every tile the first floats, then the second ones, and so on. Where a tile has more rows than
 * there are, the others are zeros.
 */
final class InterleavedRows implements Team.Body {
  /** Floats of a row that are taken at a time: what is written then stays in the first cache. */
  private static final int BLOCK = 256;

  private final RowBlocks blocks;
  private MemorySegment x = MemorySegment.NULL;
  private float[] floats = {};
  private int inputs;

  /** Of the rows in some blocks, which are cut before each {@link #take}. */
  InterleavedRows(RowBlocks blocks) {
    this.blocks = blocks;
  }

  /**
   * Interleaves what the blocks have in interleaved tiles.
   *
   * @param rows all rows
   * @param width floats of a row
   */
  void take(MemorySegment rows, int width, Team team) {
    x = rows;
    inputs = width;
    int count = Math.multiplyExact(blocks.rows() + blocks.tileRows(), width);
    if (floats.length < count) {
      floats = new float[count];
    }
    team.run(blocks.count() * blocks.mostInterleavedTiles() * parts(), this);
  }

  /** Parts of a row. */
  private int parts() {
    return Math.ceilDiv(inputs, BLOCK);
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
    int parts = parts();
    int most = blocks.mostInterleavedTiles();
    int block = task / parts / most;
    int tile = task / parts % most;
    if (tile < blocks.interleavedTiles(block)) {
      int height = blocks.tileRows();
      int row = blocks.from(block) + tile * height;
      int count = Math.min(height, blocks.from(block + 1) - row);
      int from = task % parts * BLOCK;
      int to = tileAt(row) + from * height;
      interleave(row, count, from, Math.min(BLOCK, inputs - from), to, height);
    }
  }

  /** Interleaves some floats of each of {@code rows} rows for a tile of {@code height}. */
  private void interleave(int row, int rows, int from, int count, int to, int height) {
    MemorySegment source = x;
    float[] target = floats;
    for (int r = 0; r < rows; r++) {
      long at = ((long) (row + r) * inputs + from) * Float.BYTES;
      for (int k = 0; k < count; k++) {
        target[to + k * height + r] = source.get(Lanes.FLOAT, at + (long) k * Float.BYTES);
      }
    }
    for (int r = rows; r < height; r++) {
      for (int k = 0; k < count; k++) {
        target[to + k * height + r] = 0;
      }
    }
  }
}
