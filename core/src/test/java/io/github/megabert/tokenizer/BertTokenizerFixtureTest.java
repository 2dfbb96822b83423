// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static io.github.megabert.tokenizer.TokenizerFixtures.column;
import static io.github.megabert.tokenizer.TokenizerFixtures.ints;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Every field of every fixture, as transformers' BertTokenizerFast answered. */
class BertTokenizerFixtureTest {

  private static BertTokenizer tokenizer(JsonNode fixture) {
    return fixture.get("lowercase").booleanValue()
        ? TokenizerFixtures.UNCASED
        : TokenizerFixtures.CASED;
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenizer_uncased.json", "tokenizer_cased.json"})
  void everyFieldOfEveryTextEqualsTransformers(String name) {
    JsonNode fixture = TokenizerFixtures.json(name);
    BertTokenizer tokenizer = tokenizer(fixture);
    assertEquals(40, fixture.get("texts").size());
    for (JsonNode expected : fixture.get("texts")) {
      String text = expected.get("text").stringValue();
      Encoding encoding = tokenizer.encode(text);
      assertArrayEquals(ints(expected.get("ids")), encoding.ids(), text);
      assertArrayEquals(column(expected.get("offsets"), 0), encoding.codePointStart(), text);
      assertArrayEquals(column(expected.get("offsets"), 1), encoding.codePointEnd(), text);
      assertArrayEquals(ints(expected.get("special")), encoding.specialTokensMask(), text);
      assertArrayEquals(ints(expected.get("words")), encoding.wordIds(), text);
      List<String> tokens = new ArrayList<>();
      expected.get("tokens").forEach(token -> tokens.add(token.stringValue()));
      assertEquals(tokens, encoding.tokens(), text);
      assertEquals(expected.get("decoded").stringValue(), tokenizer.decode(encoding.ids()), text);
      assertEquals(
          expected.get("decoded_skip").stringValue(), tokenizer.decode(encoding.ids(), true), text);
      assertEquals(0, encoding.truncatedTokens());
      for (int i = 0; i < encoding.size(); i++) {
        assertEquals(
            encoding.codePointStart()[i], text.codePointCount(0, encoding.charStart()[i]), text);
        assertEquals(
            encoding.codePointEnd()[i], text.codePointCount(0, encoding.charEnd()[i]), text);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenizer_uncased.json", "tokenizer_cased.json"})
  void everyPairWithItsOptionsEqualsTransformers(String name) {
    JsonNode fixture = TokenizerFixtures.json(name);
    BertTokenizer tokenizer = tokenizer(fixture);
    assertEquals(7, fixture.get("pairs").size());
    int windows = 0;
    for (JsonNode expected : fixture.get("pairs")) {
      Encoding encoding =
          tokenizer.encode(
              expected.get("a").stringValue(),
              expected.get("b").isNull() ? null : expected.get("b").stringValue(),
              options(expected.get("kwargs")));
      List<Encoding> all = new ArrayList<>(List.of(encoding));
      all.addAll(encoding.overflow());
      if (!expected.get("input_ids").get(0).isArray()) {
        assertEquals(1, all.size());
        assertWindow(
            encoding,
            expected.get("input_ids"),
            expected.get("token_type_ids"),
            expected.get("attention_mask"),
            expected.get("offsets"));
        continue;
      }
      assertEquals(expected.get("input_ids").size(), all.size());
      for (int i = 0; i < all.size(); i++) {
        windows++;
        assertWindow(
            all.get(i),
            expected.get("input_ids").get(i),
            expected.get("token_type_ids").get(i),
            expected.get("attention_mask").get(i),
            expected.get("offsets").get(i));
        assertTrue(all.get(i).truncatedTokens() > 0);
      }
    }
    assertEquals(4, windows);
  }

  @Test
  void marksThatChangePlacesKeepTheReferencesOffsets() {
    // U+1D1BF is a note with two strokes; the accent after it moves before them, and takes them.
    Encoding encoding =
        TokenizerFixtures.UNCASED.encode(
            "a" + Character.toString(0x1D1BF) + Character.toString(0x1D169));
    assertArrayEquals(new int[] {101, 100, 102}, encoding.ids());
    assertArrayEquals(new int[] {0, 3, 0}, encoding.codePointEnd());
    assertArrayEquals(new int[] {0, 5, 0}, encoding.charEnd());
  }

  private static void assertWindow(
      Encoding encoding, JsonNode ids, JsonNode types, JsonNode mask, JsonNode offsets) {
    assertArrayEquals(ints(ids), encoding.ids());
    assertArrayEquals(ints(types), encoding.typeIds());
    assertArrayEquals(ints(mask), encoding.attentionMask());
    assertArrayEquals(column(offsets, 0), encoding.codePointStart());
    assertArrayEquals(column(offsets, 1), encoding.codePointEnd());
  }

  private static EncodingOptions options(JsonNode kwargs) {
    EncodingOptions options = EncodingOptions.DEFAULT;
    int maxLength = kwargs.path("max_length").asInt(0);
    if (kwargs.has("truncation")) {
      Truncation truncation =
          kwargs.get("truncation").isBoolean()
              ? Truncation.LONGEST_FIRST
              : Truncation.valueOf(kwargs.get("truncation").stringValue().toUpperCase(Locale.ROOT));
      options = options.withTruncation(truncation, maxLength);
    }
    if (kwargs.has("return_overflowing_tokens")) {
      options = options.withOverflow(Overflow.AS_REFERENCE, kwargs.get("stride").intValue());
    }
    if (kwargs.has("padding")) {
      options = options.withPadToLength(maxLength);
    }
    return options;
  }
}
