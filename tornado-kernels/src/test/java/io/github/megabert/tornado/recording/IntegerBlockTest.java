// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class IntegerBlockTest {
  private final IntegerBlock block = new IntegerBlock();
  private final int[] target = new int[12];
  private final MemorySegment segment = MemorySegment.ofArray(target);

  private void fill(int... rows) {
    block.section(new int[] {7, 8}, 3, -1);
    int own = block.section(4, 5);
    block.ramp(own, 2, 20);
    block.section(rows, 3, 0);
    block.section(2, 9);
  }

  @Test
  void sectionsLieOneAfterTheOtherWithFillersBehind() {
    fill(1, 2);
    assertEquals(12, block.size());
    block.copyTo(segment, 0, block.size(), List.of());
    assertArrayEquals(new int[] {7, 8, -1, 20, 21, 5, 5, 1, 2, 0, 9, 9}, target);
  }

  @Test
  void whatATargetHoldsIsComparedFromASectionOn() {
    fill(1, 2);
    block.copyTo(segment, 0, block.size(), List.of());
    for (int from : new int[] {0, 3, 7, 10, 12}) {
      assertTrue(block.liesIn(segment, from), "from " + from);
      for (int i = 0; i < target.length; i++) {
        target[i]++;
        assertEquals(i < from, block.liesIn(segment, from), "from " + from + ", changed " + i);
        target[i]--;
      }
    }
    block.clear();
    fill(1, 3);
    assertFalse(block.liesIn(segment, 7));
    assertTrue(block.liesIn(segment, 10));
  }

  @Test
  void sectionsBehindAnotherAreCopiedAlone() {
    fill(1, 2);
    block.copyTo(segment, 7, block.size(), List.of());
    assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 9, 9}, target);
    assertEquals(3, block.firstBroughtEnd());
    block.copyTo(segment, 0, 3, List.of());
    assertArrayEquals(new int[] {7, 8, -1, 0, 0, 0, 0, 1, 2, 0, 9, 9}, target);
    block.copyTo(segment, 3, block.size(), List.of());
    assertArrayEquals(new int[] {7, 8, -1, 20, 21, 5, 5, 1, 2, 0, 9, 9}, target);
  }

  @Test
  void constantsThatLieThereAreNotCopiedAgain() {
    int[] constant = {4, 4};
    block.append(constant);
    block.section(1, 6);
    block.copyTo(segment, 0, block.size(), List.of());
    List<IntegerBlock.Brought> present = List.copyOf(block.brought());
    block.clear();
    block.append(constant);
    block.section(1, 3);
    target[0] = 0;
    block.copyTo(segment, 0, block.size(), present);
    assertEquals(0, target[0]);
    assertEquals(3, target[2]);
    block.copyTo(segment, 0, block.size(), List.of());
    assertEquals(4, target[0]);
  }

  @Test
  void constantsAreNotCopiedAgain() {
    block.section(2, 7);
    block.section(new int[] {1, 2}, 3, -1);
    block.append(new int[] {4, 5});
    block.section(1, 8);
    int[] all = new int[8];
    block.copyTo(MemorySegment.ofArray(all), 0, block.size(), List.of());
    assertArrayEquals(new int[] {7, 7, 1, 2, -1, 4, 5, 8}, all);
    int[] present = new int[8];
    block.copyTo(MemorySegment.ofArray(present), 0, block.size(), List.copyOf(block.brought()));
    assertArrayEquals(new int[] {7, 7, 1, 2, -1, 0, 0, 8}, present, "constants lie there already");
  }
}
