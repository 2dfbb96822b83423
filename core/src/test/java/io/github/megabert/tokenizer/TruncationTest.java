// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TruncationTest {
  private static final BertTokenizer TOKENIZER = TokenizerFixtures.UNCASED;
  private static final String LONG = "the cat sat on the mat and looked at the dog . ".repeat(20);

  @Test
  void completeOverflowCoversEveryTokenOfTheText() {
    Encoding whole = TOKENIZER.encode(LONG);
    assertEquals(242, whole.size());
    EncodingOptions options =
        EncodingOptions.DEFAULT
            .withTruncation(Truncation.LONGEST_FIRST, 32)
            .withOverflow(Overflow.COMPLETE, 8);
    Encoding encoding = TOKENIZER.encode(LONG, options);
    int next = 0;
    int[] seen = new int[240];
    for (int w = -1; w < encoding.overflow().size(); w++) {
      Encoding window = w < 0 ? encoding : encoding.overflow().get(w);
      assertTrue(window.size() <= 32);
      assertEquals(240 - (window.size() - 2), window.truncatedTokens());
      int begin = w < 0 ? 0 : next - 8;
      for (int i = 1; i < window.size() - 1; i++) {
        assertEquals(whole.charStart()[begin + i], window.charStart()[i]);
        seen[begin + i - 1]++;
      }
      next = begin + window.size() - 2;
    }
    assertEquals(240, next);
    for (int count : seen) {
      assertTrue(count >= 1 && count <= 2);
    }
  }

  @Test
  void truncationSaysHowMuchIsMissing() {
    Encoding encoding =
        TOKENIZER.encode(
            LONG, "short", EncodingOptions.DEFAULT.withTruncation(Truncation.ONLY_FIRST, 20));
    assertEquals(20, encoding.size());
    assertEquals(240 + 1 - 17, encoding.truncatedTokens());
    assertTrue(encoding.isTruncated());
    assertTrue(encoding.overflow().isEmpty());
  }

  @Test
  void paddingToTheLongestAndToAMultiple() {
    List<Encoding> batch =
        TOKENIZER.encodeAll(
            List.of("a", "the cat sat", ""),
            EncodingOptions.DEFAULT.withPaddingToLongest().withPadToMultipleOf(4));
    for (Encoding encoding : batch) {
      assertEquals(8, encoding.size());
    }
    Encoding first = batch.getFirst();
    assertArrayEquals(new int[] {101, 1037, 102, 0, 0, 0, 0, 0}, first.ids());
    assertArrayEquals(new int[] {1, 1, 1, 0, 0, 0, 0, 0}, first.attentionMask());
    assertArrayEquals(new int[] {1, 0, 1, 1, 1, 1, 1, 1}, first.specialTokensMask());
    assertArrayEquals(new int[] {-1, 0, -1, -1, -1, -1, -1, -1}, first.sequenceIds());
  }

  @Test
  void impossibleTruncationIsRefusedInASentence() {
    assertRefused("room for the 3 special", "a", "b", Truncation.LONGEST_FIRST, 2, 0);
    assertRefused("needs a second text", LONG, null, Truncation.ONLY_SECOND, 20, 0);
    assertRefused("the second text, which has only 1", LONG, "b", Truncation.ONLY_SECOND, 20, 0);
    assertRefused("A stride of 18", LONG, null, Truncation.LONGEST_FIRST, 20, 18);
    assertThrows(IllegalArgumentException.class, () -> EncodingOptions.DEFAULT.withMaxLength(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> TOKENIZER.encodeAll(List.of("a"), List.of(), EncodingOptions.DEFAULT));
  }

  private static void assertRefused(
      String message, String a, @Nullable String b, Truncation truncation, int length, int stride) {
    EncodingOptions options =
        EncodingOptions.DEFAULT
            .withTruncation(truncation, length)
            .withOverflow(Overflow.COMPLETE, stride);
    Exception refusal =
        assertThrows(IllegalArgumentException.class, () -> TOKENIZER.encode(a, b, options));
    assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
  }
}
