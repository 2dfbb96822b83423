// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutMaskTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  /**
   * Random123's first known block, 6627e8d5 e169c58d bc57ac4c 9b00dbd8, belongs to seed 0, step 0,
   * stream 0 and the positions 0 to 3. As fractions of 2³² its words are 0.399, 0.881, 0.736 and
   * 0.606.
   */
  @Test
  void aWordBelowTheProbabilityIsDropped() {
    assertEquals("....", pattern(0.39));
    assertEquals("x...", pattern(0.40));
    assertEquals("x...", pattern(0.60));
    assertEquals("x..x", pattern(0.61));
    assertEquals("x.xx", pattern(0.74));
    assertEquals("xxxx", pattern(0.89));
  }

  private static String pattern(double probability) {
    DropoutMask mask = new DropoutMask(0, 0, 0, probability);
    StringBuilder pattern = new StringBuilder();
    for (int position = 0; position < 4; position++) {
      pattern.append(mask.keeps(position) ? '.' : 'x');
    }
    return pattern.toString();
  }

  @Test
  void theThresholdIsExactToAWord() {
    assertTrue(new DropoutMask(0, 0, 0, 0x6627e8d5p-32).keeps(0));
    assertFalse(new DropoutMask(0, 0, 0, 0x6627e8d6p-32).keeps(0));
  }

  @Test
  void keyAndCounterAreLaidOutAsDocumented() {
    int[] block = new int[Philox.WORDS];
    Philox.block(0x243f6a88, 0x05a308d3, 0x13198a2e, 0x83707344, 0xa4093822, 0x299f31d0, block);
    long position = 0x05a308d3_243f6a88L << 2;
    for (int word = 0; word < Philox.WORDS; word++) {
      double probability = Integer.toUnsignedLong(block[word]) * 0x1p-32;
      assertTrue(mask(probability).keeps(position + word));
      assertFalse(mask(probability + 0x1p-32).keeps(position + word));
    }
  }

  private static DropoutMask mask(double probability) {
    return new DropoutMask(0x299f31d0_a4093822L, 0x83707344, 0x13198a2e, probability);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3, 4, 17, (1L << 34) - 5})
  void aPieceHasTheFactorsOfItsPositions(long first) {
    DropoutMask mask = new DropoutMask(7, 3, DropoutMask.stream(2, 1), 0.3);
    for (int count : new int[] {0, 1, 2, 3, 4, 5, 31}) {
      MemorySegment source = MemorySegment.ofArray(new float[count + 2]);
      MemorySegment target = MemorySegment.ofArray(new float[count + 3]);
      for (int i = 0; i < count; i++) {
        source.setAtIndex(FLOAT, i + 1, i + 1);
      }
      mask.apply(first, source, 4, target, 8, count);
      assertEquals(0, target.getAtIndex(FLOAT, 1));
      assertEquals(0, target.getAtIndex(FLOAT, count + 2));
      for (int i = 0; i < count; i++) {
        assertEquals(
            mask.keeps(first + i) ? (i + 1) * (float) (1 / 0.7) : 0,
            target.getAtIndex(FLOAT, i + 2));
      }
    }
  }

  @Test
  void inPlaceIsAllowed() {
    DropoutMask mask = new DropoutMask(7, 3, 5, 0.5);
    float[] values = new float[1000];
    Arrays.fill(values, 1);
    MemorySegment segment = MemorySegment.ofArray(values);
    mask.apply(40, segment, 0, segment, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      assertEquals(mask.keeps(40 + i) ? 2 : 0, values[i]);
    }
  }

  @Test
  void probabilityZeroKeepsEverythingAsItIs() {
    float[] values = {1.5f, -2, Float.MIN_VALUE, Float.MAX_VALUE, 0};
    float[] result = new float[5];
    new DropoutMask(1, 2, 3, 0)
        .apply(0, MemorySegment.ofArray(values), 0, MemorySegment.ofArray(result), 0, 5);
    assertEquals(Arrays.toString(values), Arrays.toString(result));
  }

  /** The share of dropped elements is within five standard deviations of the probability. */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.25, 0.9})
  void theShareOfDroppedElementsIsTheProbability(double probability) {
    int count = 1 << 20;
    DropoutMask mask = new DropoutMask(42, 0, 0, probability);
    int dropped = 0;
    for (int position = 0; position < count; position++) {
      dropped += mask.keeps(position) ? 0 : 1;
    }
    double deviation = Math.sqrt(count * probability * (1 - probability));
    assertEquals(count * probability, dropped, 5 * deviation);
  }

  @Test
  void seedStepLayerAndKindEachGiveAnotherMask() {
    Set<String> masks = new HashSet<>();
    for (long seed : new long[] {0, 1, 1L << 32}) {
      for (int step : new int[] {0, 1}) {
        for (int layer : new int[] {0, 1}) {
          for (int kind : new int[] {0, 1}) {
            DropoutMask mask = new DropoutMask(seed, step, DropoutMask.stream(layer, kind), 0.5);
            StringBuilder bits = new StringBuilder();
            for (int position = 0; position < 128; position++) {
              bits.append(mask.keeps(position) ? 1 : 0);
            }
            masks.add(bits.toString());
          }
        }
      }
    }
    assertEquals(3 * 2 * 2 * 2, masks.size());
  }

  @Test
  void streamsOfLayersAndKindsDiffer() {
    assertEquals(0x00000201, DropoutMask.stream(2, 1));
    assertEquals(0xFFFFFFFF, DropoutMask.stream((1 << 24) - 1, 255));
    assertNotEquals(DropoutMask.stream(0, 255), DropoutMask.stream(1, 0));
    assertThrows(IllegalArgumentException.class, () -> DropoutMask.stream(0, 256));
    assertThrows(IllegalArgumentException.class, () -> DropoutMask.stream(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> DropoutMask.stream(1 << 24, 0));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
  void aProbabilityThatDropoutCannotHaveIsRefused(double probability) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> new DropoutMask(0, 0, 0, probability));
    assertEquals(
        "a dropout probability is at least 0 and less than 1, not " + probability,
        refusal.getMessage());
  }
}
