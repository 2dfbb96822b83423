// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.train.data.TrainingDataException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Blends equal those of Megatron-LM's {@code helpers.cpp}. */
class BlendedSamplesTest {
  /** A source of numbered samples. */
  private record Numbers(int size) implements SampleSource<Integer> {
    @Override
    public double passes() {
      return 1;
    }

    @Override
    public Integer sample(int number) {
      return number;
    }
  }

  private static List<Numbers> sources(int... sizes) {
    return Arrays.stream(sizes).mapToObj(Numbers::new).toList();
  }

  private static int[] sourcesOf(BlendedSamples<?> blend) {
    return IntStream.range(0, blend.size()).map(blend::source).toArray();
  }

  private static int[] numbersOf(BlendedSamples<?> blend) {
    return IntStream.range(0, blend.size()).map(blend::number).toArray();
  }

  @Test
  void weightsGiveMegatronLmsOrder() throws TrainingDataException {
    BlendedSamples<Integer> two = BlendedSamples.of(sources(20, 20), new double[] {0.7, 0.3}, 20);
    assertArrayEquals(
        new int[] {0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0}, sourcesOf(two));
    assertArrayEquals(
        new int[] {0, 0, 1, 2, 1, 3, 4, 2, 5, 6, 7, 3, 8, 9, 4, 10, 11, 5, 12, 13}, numbersOf(two));
    BlendedSamples<Integer> three =
        BlendedSamples.of(sources(30, 30, 30), new double[] {3, 1, 2}, 24);
    assertArrayEquals(
        new int[] {0, 2, 1, 0, 2, 0, 0, 2, 1, 0, 2, 0, 0, 2, 1, 0, 2, 0, 0, 2, 1, 0, 2, 0},
        sourcesOf(three));
    double[] ten = new double[10];
    Arrays.fill(ten, 0.1);
    ten[9] = 0.05;
    int[] sizes = new int[10];
    Arrays.fill(sizes, 30);
    assertArrayEquals(
        new int[] {
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0
        },
        sourcesOf(BlendedSamples.of(sources(sizes), ten, 30)));
  }

  @Test
  void allSamplesAreMixedInMegatronLmsOrder() throws TrainingDataException {
    BlendedSamples<Integer> all = BlendedSamples.ofAll(sources(5, 1, 9));
    assertArrayEquals(new int[] {2, 0, 2, 1, 2, 0, 2, 0, 2, 2, 0, 2, 2, 0, 2}, sourcesOf(all));
    assertArrayEquals(new int[] {0, 0, 1, 0, 2, 1, 3, 2, 4, 5, 3, 6, 7, 4, 8}, numbersOf(all));
    assertEquals(4, all.sample(8));
  }

  @Test
  void aShareBeyondASourceIsRefused() {
    TrainingDataException refusal =
        assertThrows(
            TrainingDataException.class,
            () -> BlendedSamples.of(sources(3, 100), new double[] {1, 1}, 20));
    assertTrue(refusal.getMessage().startsWith("corpus 1 of the blend: has 3 samples"));
  }
}
