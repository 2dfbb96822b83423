// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.recording.IntegerBlock;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What cuDNN is given: every row of the output in exactly one line of one group. */
class DenseGroupTest {
  private final IntegerBlock block = new IntegerBlock();

  private static AttentionLayout layout(boolean causal, byte @Nullable [] mask, int... lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      offsets[b + 1] = offsets[b] + lengths[b];
    }
    return AttentionLayout.self(4, 64, causal, offsets, mask);
  }

  private List<DenseGroup> groups(AttentionLayout layout) {
    int rows = Arrays.stream(layout.queryLength()).sum();
    List<DenseGroup> groups = DenseGroup.of(layout, rows, rows, block);
    int[] values = values(block);
    for (int row = 0; row < rows; row++) {
      int found = 0;
      for (DenseGroup group : groups) {
        int line = values[group.linesAt() + row];
        if (line >= 0) {
          found++;
          assertTrue(line < group.sequences() * 4 * group.queries());
        }
      }
      assertEquals(1, found, "row " + row);
    }
    return groups;
  }

  @Test
  void sequencesOfOneLengthNeedNoPaddingAndNoMask() {
    List<DenseGroup> groups = groups(layout(false, null, 128, 128, 128));
    assertEquals(1, groups.size());
    assertEquals(3, groups.getFirst().sequences());
    assertEquals(128, groups.getFirst().queries());
    assertEquals(64, groups.getFirst().width());
  }

  @Test
  void shortAndLongSequencesAreApart() {
    int[] lengths = new Random(1).ints(32, 1, 33).map(i -> 16 * i).toArray();
    lengths[0] = 512;
    List<DenseGroup> groups = groups(layout(false, null, lengths));
    assertEquals(2, groups.size());
    assertTrue(groups.get(0).queries() < 512);
    assertEquals(512, groups.get(1).queries());
    assertEquals(72, groups.get(1).width());
    assertEquals(1, groups(layout(false, null, 60, 17, 33, 64)).size(), "all are short");
    assertEquals(1, groups(layout(false, null, 500, 490, 512)).size(), "all are long");
  }

  @Test
  void queriesThatSeeMaskedKeysOnlyAreCounted() {
    byte[] mask = new byte[192];
    Arrays.fill(mask, 0, 64, (byte) 1);
    Arrays.fill(mask, 128 + 7, 192, (byte) 1);
    assertEquals(List.of(0, 64, 0), blind(layout(false, mask, 64, 64, 64)));
    assertEquals(List.of(0, 64, 7), blind(layout(true, mask, 64, 64, 64)));
  }

  @Test
  void aPlanServesTheSameLengthsMaskAndPlaceOnly() {
    block.section(5, 0);
    byte[] mask = new byte[90];
    Arrays.fill(mask, (byte) 1);
    mask[3] = 0;
    DensePlan plan = DensePlan.of(layout(false, mask, 40, 50), 96, 96, block);
    assertTrue(plan.serves(layout(false, mask.clone(), 40, 50), 5, 96, 96));
    assertFalse(plan.serves(layout(false, mask, 40, 50), 6, 96, 96));
    assertFalse(plan.serves(layout(false, mask, 40, 50), 5, 112, 96));
    assertFalse(plan.serves(layout(false, mask, 50, 40), 5, 96, 96));
    assertFalse(plan.serves(layout(true, mask, 40, 50), 5, 96, 96));
    assertFalse(plan.serves(layout(false, null, 40, 50), 5, 96, 96));
    mask[4] = 0;
    assertFalse(plan.serves(layout(false, mask, 40, 50), 5, 96, 96), "the plan keeps its own mask");
    IntegerBlock other = new IntegerBlock();
    other.section(5, 0);
    other.append(plan.integers());
    assertArrayEquals(values(block), values(other));
  }

  private static int[] values(IntegerBlock block) {
    int[] values = new int[block.size()];
    block.copyTo(MemorySegment.ofArray(values), 0, block.size(), List.of());
    return values;
  }

  private List<Integer> blind(AttentionLayout layout) {
    int at = groups(layout).getFirst().queriesAt();
    int[] values = values(block);
    return List.of(values[at + 2], values[at + 5], values[at + 8]);
  }
}
