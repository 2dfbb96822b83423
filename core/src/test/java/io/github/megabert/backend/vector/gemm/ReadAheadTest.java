// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.vector.gemm.ReadAhead.Way;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How weights are read ahead is found out by trying. */
class ReadAheadTest {
  /** Tries all ways, of which one takes nine tenths of the others' time. */
  private static void tryOut(ReadAhead readAhead, int rows, Way fastest) {
    Map<String, Integer> turns = new HashMap<>();
    int products = 0;
    while (readAhead.isTried(rows)) {
      Way way = readAhead.next(rows);
      turns.merge(products % 4 + " " + way, 1, Integer::sum);
      products++;
      // Now and then a product is held up, or a cache helps.
      long delay = products % 5 == 0 ? 1_000_000 : products % 7 == 0 ? -500 : 0;
      readAhead.report(rows, way, 1e6, delay + (way == fastest ? 900 : 1000));
    }
    int kinds = rows <= RowTiles.MAX_ROWS ? 8 : 12;
    assertEquals(kinds, turns.size());
    for (int count : turns.values()) {
      assertEquals(products / kinds, count, "every way gets as many of each kind of product");
    }
  }

  @ParameterizedTest
  @EnumSource
  void theFastestWayStays(Way fastest) {
    for (int rows : new int[] {5, 16, 17, 64, 128, 5000}) {
      ReadAhead readAhead = new ReadAhead();
      tryOut(readAhead, rows, fastest);
      for (int i = 0; i < 10; i++) {
        assertEquals(fastest, readAhead.next(rows));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "PAGES"})
  void fewRowsHaveTwoWays(Way fastest) {
    ReadAhead readAhead = new ReadAhead();
    tryOut(readAhead, 1, fastest);
    assertEquals(fastest, readAhead.next(RowTiles.MAX_ROWS));
    assertTrue(readAhead.isTried(RowTiles.MAX_ROWS + 1));
  }

  @Test
  void sizesAreTriedOnTheirOwn() {
    ReadAhead readAhead = new ReadAhead();
    tryOut(readAhead, 16, Way.NONE);
    assertTrue(readAhead.isTried(128));
    tryOut(readAhead, 128, Way.LINES);
    assertFalse(readAhead.isTried(16));
    assertEquals(Way.NONE, readAhead.next(16));
    assertEquals(Way.LINES, readAhead.next(128));
  }
}
