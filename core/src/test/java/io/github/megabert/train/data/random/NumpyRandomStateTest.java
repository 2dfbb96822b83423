// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.data.TrainingFixtures;
import java.io.IOException;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Draws equal those that NumPy recorded, and those that the C++ standard names. */
class NumpyRandomStateTest {
  @Test
  void drawsEqualNumpys() throws IOException {
    JsonNode recorded = TrainingFixtures.json("numpy_random_state.json");
    assertFalse(recorded.isEmpty());
    NumpyRandomState random = new NumpyRandomState(0);
    for (JsonNode draws : recorded) {
      random.seed(draws.get("seed").asLong());
      for (JsonNode drawn : draws.get("random")) {
        assertEquals(drawn.asDouble(), random.random());
      }
      assertDraws(draws.get("randint_1_7"), () -> random.randint(1, 7));
      assertDraws(draws.get("randint_0_8192"), () -> random.randint(0, 8192));
      assertDraws(draws.get("randint_0_1"), () -> random.randint(0, 1));
      assertArrayEquals(ints(draws.get("shuffle_23")), shuffled(random, 23));
      assertArrayEquals(ints(draws.get("shuffle_array_17")), shuffled(random, 17));
      double[] cumulated = cumulated();
      assertDraws(draws.get("choice_123"), () -> 1 + random.choice(cumulated));
      assertDraws(draws.get("geometric_0.2"), () -> random.geometric(0.2));
      assertArrayEquals(ints(draws.get("permutation_11")), shuffled(random, 11));
      assertEquals(draws.get("after").asDouble(), random.random());
    }
  }

  private static double[] cumulated() {
    double[] p = {1.0 / 1, 1.0 / 2, 1.0 / 3};
    double sum = p[0] + p[1] + p[2];
    return new double[] {p[0] / sum, (p[0] + p[1]) / sum, 1};
  }

  private static void assertDraws(JsonNode expected, IntSupplier draw) {
    for (JsonNode drawn : expected) {
      assertEquals(drawn.asInt(), draw.getAsInt());
    }
  }

  private static int[] ints(JsonNode node) {
    return IntStream.range(0, node.size()).map(i -> node.get(i).asInt()).toArray();
  }

  private static int[] shuffled(NumpyRandomState random, int count) {
    int[] values = IntStream.range(0, count).toArray();
    random.shuffle(values, count);
    return values;
  }

  /** ISO C++ names the ten thousandth number of either generator (rand.predef). */
  @Test
  void theTenThousandthDrawsAreThoseOfTheCppStandard() {
    MersenneTwister twister = new MersenneTwister(5489);
    MersenneTwister64 twister64 = new MersenneTwister64(5489);
    for (int i = 1; i < 10_000; i++) {
      twister.next();
      twister64.next();
    }
    assertEquals(4123659995L, Integer.toUnsignedLong(twister.next()));
    assertEquals("9981545732273789042", Long.toUnsignedString(twister64.next()));
  }

  @Test
  void seedsOutsideOfNumpysRangeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new NumpyRandomState(-1));
    assertThrows(IllegalArgumentException.class, () -> new NumpyRandomState(1L << 32));
  }
}
