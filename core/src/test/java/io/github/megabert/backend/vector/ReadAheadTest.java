package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether weights are read ahead is found out by trying. */
class ReadAheadTest {
  /** Tries both ways, of which reading ahead takes {@code aheadNanos}; the times it was tried. */
  private static int tryOut(ReadAhead readAhead, int rows, long aheadNanos, long plainNanos) {
    int ahead = 0;
    int products = 0;
    while (readAhead.isTried(rows)) {
      boolean isAhead = readAhead.next(rows);
      ahead += isAhead ? 1 : 0;
      products++;
      // Now and then a product is held up.
      long delay = products % 5 == 0 ? 1_000_000 : 0;
      readAhead.report(rows, isAhead, 1e6, delay + (isAhead ? aheadNanos : plainNanos));
    }
    assertEquals(products, 2 * ahead, "both ways are tried as often");
    return ahead;
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 16, 17, 64, 128, 5000})
  void theFasterWayStays(int rows) {
    for (boolean isAheadFaster : new boolean[] {false, true}) {
      ReadAhead readAhead = new ReadAhead();
      tryOut(readAhead, rows, isAheadFaster ? 900 : 1000, isAheadFaster ? 1000 : 900);
      for (int i = 0; i < 10; i++) {
        assertEquals(isAheadFaster, readAhead.next(rows));
      }
    }
  }

  @Test
  void sizesAreTriedOnTheirOwn() {
    ReadAhead readAhead = new ReadAhead();
    tryOut(readAhead, 16, 1000, 900);
    assertTrue(readAhead.isTried(128));
    tryOut(readAhead, 128, 900, 1000);
    assertFalse(readAhead.isTried(16));
    assertFalse(readAhead.next(16));
    assertTrue(readAhead.next(128));
  }
}
