// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
  /** {@code kat_vectors} of Random123, the lines of philox4x32 with ten rounds. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000,"
        + "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff,"
        + "408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0,"
        + "d16cfe09 94fdcceb 5001e420 24126ea1",
  })
  void theBlocksAreThePublishedOnes(String counter, String key, String expected) {
    int[] c = words(counter);
    int[] k = words(key);
    int[] block = new int[Philox.WORDS];
    Philox.block(c[0], c[1], c[2], c[3], k[0], k[1], block);
    assertArrayEquals(words(expected), block);
  }

  private static int[] words(String hexadecimal) {
    return Pattern.compile(" ")
        .splitAsStream(hexadecimal)
        .mapToInt(word -> Integer.parseUnsignedInt(word, 16))
        .toArray();
  }
}
