// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class BertTokenizerPropertyTest {
  /** All of ASCII. */
  private static final String ASCII = characters(0, 0x7F);

  /** Combining marks, with letters, syllables and ideographs that normalisation takes apart. */
  private static final String MARKS =
      characters(0x300, 0x36F) + "ae\u302E\u0344\u1B44\uAC00\uF900\u4E00 \uD834\uDD65";

  private static final EncodingOptions BARE = EncodingOptions.DEFAULT.withSpecialTokens(false);

  /** Any UTF-16 units, lone surrogates and NUL among them, mixed with marks, hangul and ASCII. */
  private static String text(RandomInput input) {
    List<String> parts =
        input.list(
            6,
            () ->
                switch (input.random().nextInt(4)) {
                  case 0 -> input.text(20);
                  case 1 -> input.textOf(ASCII, 20);
                  case 2 -> input.textOf(MARKS, 12);
                  default -> input.of("[MASK]", "[mask]", "[SEP]", "\uD83D\uDE00", "İ");
                });
    return String.join("", parts);
  }

  private static String characters(int first, int last) {
    StringBuilder all = new StringBuilder();
    for (int c = first; c <= last; c++) {
      all.append((char) c);
    }
    return all.toString();
  }

  @Test
  void offsetsLieInTheTextAndCountTheSamePlaces() {
    RandomInput.check(2000, input -> checkOffsets(text(input)));
  }

  private static void checkOffsets(String text) {
    for (BertTokenizer tokenizer : List.of(TokenizerFixtures.UNCASED, TokenizerFixtures.CASED)) {
      Encoding encoding = tokenizer.encode(text, BARE);
      int word = -1;
      for (int i = 0; i < encoding.size(); i++) {
        int start = encoding.charStart()[i];
        int end = encoding.charEnd()[i];
        assertTrue(0 <= start && start < end && end <= text.length());
        assertEquals(text.codePointCount(0, start), encoding.codePointStart()[i]);
        assertEquals(text.codePointCount(0, end), encoding.codePointEnd()[i]);
        assertTrue(encoding.wordIds()[i] == word || encoding.wordIds()[i] == word + 1);
        word = encoding.wordIds()[i];
        assertEquals(encoding.ids()[i], tokenizer.tokenToId(encoding.tokens().get(i)));
      }
    }
  }

  @Test
  void offsetsOfCasedTextNeverGoBack() {
    RandomInput.check(1000, input -> checkOrderOfOffsets(text(input)));
  }

  private static void checkOrderOfOffsets(String text) {
    Encoding encoding = TokenizerFixtures.CASED.encode(text, BARE);
    for (int i = 1; i < encoding.size(); i++) {
      assertTrue(encoding.charStart()[i] >= encoding.charStart()[i - 1]);
      assertTrue(encoding.charEnd()[i] >= encoding.charEnd()[i - 1]);
    }
  }

  @Test
  void knownWordsComeBackFromDecoding() {
    RandomInput.check(500, BertTokenizerPropertyTest::checkDecoding);
  }

  private static void checkDecoding(RandomInput input) {
    List<String> vocabulary = TokenizerFixtures.vocabulary();
    List<String> words = new ArrayList<>();
    while (words.size() < 10) {
      String token = vocabulary.get(1000 + input.random().nextInt(20000));
      if (token.chars().allMatch(c -> c >= 'a' && c <= 'z')) {
        words.add(token);
      }
    }
    String text = String.join(" ", words);
    int[] ids = TokenizerFixtures.UNCASED.encode(text, BARE).ids();
    assertEquals(10, ids.length);
    assertEquals(text, TokenizerFixtures.UNCASED.decode(ids));
  }

  @Test
  void eightThreadsGetWhatOneGets() throws Exception {
    List<String> texts = new ArrayList<>();
    TokenizerFixtures.json("tokenizer_uncased.json")
        .get("texts")
        .forEach(text -> texts.add(text.get("text").stringValue()));
    texts.add("ệ 〮가\u302E \uD834\uDD65");
    BertTokenizer shared =
        BertTokenizer.of(TokenizerFixtures.vocabulary(), TokenizerConfig.UNCASED);
    List<int[]> expected =
        texts.stream().map(text -> TokenizerFixtures.UNCASED.encode(text).ids()).toList();
    List<Future<?>> runs = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int t = 0; t < 8; t++) {
        runs.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < 50; round++) {
                    for (int i = 0; i < texts.size(); i++) {
                      assertArrayEquals(expected.get(i), shared.encode(texts.get(i)).ids());
                    }
                  }
                }));
      }
    }
    for (Future<?> run : runs) {
      run.get();
    }
    assertEquals(8, runs.size());
  }

  @Test
  void aWordOfTenMillionCharactersIsOneUnknownToken() {
    String huge = "a".repeat(10_000_000);
    Encoding encoding =
        Assertions.assertTimeout(
            Duration.ofSeconds(20), () -> TokenizerFixtures.UNCASED.encode(huge));
    assertArrayEquals(new int[] {101, 100, 102}, encoding.ids());
    assertEquals(10_000_000, encoding.charEnd()[1]);
  }

  @Test
  void longRunsOfMarksTakeNoQuadraticTime() {
    String marks = "a\u302E" + "\u0301\u0323\u0334\u0345".repeat(250_000);
    Encoding encoding =
        Assertions.assertTimeout(
            Duration.ofSeconds(20), () -> TokenizerFixtures.UNCASED.encode(marks, BARE));
    assertEquals(1, encoding.size());
  }

  @Test
  void loneSurrogatesAndNulsGoLikeControlCharacters() {
    Encoding encoding = TokenizerFixtures.UNCASED.encode("d\uD83Do\0g\uDE00", BARE);
    assertEquals(List.of("dog"), encoding.tokens());
    assertEquals(0, encoding.charStart()[0]);
    assertEquals(5, encoding.charEnd()[0]);
    assertEquals(5, encoding.codePointEnd()[0]);
  }
}
