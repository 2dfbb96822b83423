// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.testing.RandomInput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks of rows fill half of the second-level cache, and hold every row once. */
class RowBlocksTest {
  @ParameterizedTest
  @CsvSource({"64, 24", "256, 36", "512, 72", "1024, 132", "2048, 132", "65536, 132"})
  void rowsFollowTheCache(int kilobytes, int rows) {
    assumeTrue(StridedTiles.HIGH == 12, "tiles are lower where there are 16 registers");
    assertEquals(rows, StridedTiles.HIGH * RowBlocks.tiles(kilobytes << 10));
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
          for (int block = 0; block < blocks.count(); block++) {
            int size = blocks.from(block + 1) - blocks.from(block);
            assertEquals(size, Math.clamp(size, 1, RowBlocks.MOST_ROWS - StridedTiles.HIGH));
          }
        });
  }
}
