// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class PartitionTest {
  @Test
  void evenPartsDifferByOneAtMost() {
    assertEquals("[3, 3, 2, 2]", Partition.even(10, 4).toString());
    assertEquals("[1, 1, 0]", Partition.even(2, 3).toString());
    assertEquals("[0]", Partition.even(0, 1).toString());
    assertEquals("[14, 14, 7]", Partition.evenRows(5, 7, 3).toString());
  }

  @Test
  void partsFollowEachOther() {
    Partition parts = Partition.of(4, 0, 3);
    assertEquals(3, parts.parts());
    assertEquals(7, parts.total());
    assertEquals(4, parts.start(1));
    assertEquals(0, parts.count(1));
    assertEquals(4, parts.start(2));
    MemorySegment floats = Arena.ofAuto().allocate(28);
    assertEquals(12, parts.slice(floats, 2).byteSize());
    assertEquals(floats.address() + 16, parts.slice(floats, 2).address());
    assertEquals(Partition.of(4, 0, 3), parts);
    assertEquals(Partition.of(4, 0, 3).hashCode(), parts.hashCode());
    assertNotEquals(Partition.of(4, 3, 0), parts);
  }

  @Test
  void impossiblePartsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Partition.of());
    assertThrows(IllegalArgumentException.class, () -> Partition.of(3, -1));
    assertThrows(ArithmeticException.class, () -> Partition.of(Long.MAX_VALUE, 1));
  }
}
