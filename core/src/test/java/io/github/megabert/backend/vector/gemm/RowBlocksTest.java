// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks of rows fill half of the second-level cache, are alike, and hold every row once. */
class RowBlocksTest {
  @ParameterizedTest
  @CsvSource({"64, 8", "256, 32", "512, 64", "1024, 128", "2048, 128", "65536, 128"})
  void rowsFollowTheCache(int kilobytes, int rows) {
    // Of 4 KB each, in half of the cache; rounded up to whole tiles, and two of them at least.
    int tiles = RowBlocks.tiles(kilobytes << 10);
    assertTrue(tiles * StridedTiles.HIGH >= rows, tiles + " tiles");
    assertTrue(tiles == 2 || (tiles - 1) * StridedTiles.HIGH < rows, tiles + " tiles");
  }

  @Test
  void everyRowIsInOneBlock() {
    RandomInput.check(
        200,
        input -> {
          RowBlocks blocks = new RowBlocks();
          int first = input.between(0, 3000);
          int rows = input.between(1, 3000);
          blocks.set(first, rows);
          assertEquals(first, blocks.from(0));
          assertEquals(first + rows, blocks.from(blocks.count()));
          int least = Integer.MAX_VALUE;
          int most = 0;
          // The last one ends with the rows, in the middle of a tile.
          for (int block = 0; block < blocks.count(); block++) {
            int size = blocks.from(block + 1) - blocks.from(block);
            most = Math.max(most, size);
            if (block < blocks.count() - 1) {
              least = Math.min(least, size);
            }
            assertTrue(size > 0, "block " + block + " is empty");
          }
          assertTrue(most <= RowBlocks.MOST_ROWS - StridedTiles.HIGH, most + " rows");
          assertTrue(
              blocks.count() == 1 || most - least <= StridedTiles.HIGH, least + " to " + most);
        });
  }
}
