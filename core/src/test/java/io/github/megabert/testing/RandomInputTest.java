// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RandomInputTest {
  private static final Pattern SEED = Pattern.compile("-Dmegabert\\.test\\.seed=([0-9a-f]+) ");

  @Test
  void aFailureNamesTheSeedThatDrawsTheSameAgain() {
    List<String> drawn = new ArrayList<>();
    RandomInput.Claim claim =
        input -> {
          String values =
              input.text(30)
                  + input.between(-5, 900)
                  + input.list(9, input::anyFloat)
                  + input.of("a", "b", "c")
                  + input.textOf("xyz", 40)
                  + input.flag()
                  + input.bytes(20).length
                  + input.random().nextLong();
          drawn.add(values);
          assertEquals("", values, "no text is empty");
        };
    AssertionError failure =
        assertThrows(AssertionError.class, () -> RandomInput.check(10, null, claim));
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.startsWith("try 1 of 10 failed; "), message);
    assertTrue(message.contains("no text is empty"), message);
    Matcher seed = SEED.matcher(message);
    assertTrue(seed.find(), message);
    AssertionError again =
        assertThrows(AssertionError.class, () -> RandomInput.check(10, seed.group(1), claim));
    assertEquals(2, drawn.size());
    assertEquals(drawn.get(0), drawn.get(1));
    assertTrue(String.valueOf(again.getMessage()).contains(seed.group()), message);
  }

  @Test
  void everyTryDrawsAnew() {
    Set<Long> drawn = new HashSet<>();
    RandomInput.check(50, null, input -> drawn.add(input.random().nextLong()));
    assertEquals(50, drawn.size());
  }

  @Test
  void numbersStayInTheirRangeAndReachItsEnds() {
    Set<Integer> drawn = new HashSet<>();
    RandomInput.check(2000, null, input -> drawn.add(input.between(3, 7)));
    assertEquals(Set.of(3, 4, 5, 6, 7), drawn);
    RandomInput.check(100, null, input -> assertEquals(4, input.between(4, 4)));
  }
}
