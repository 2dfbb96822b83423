// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class AddedTokenTest {
  private static final EncodingOptions BARE = EncodingOptions.DEFAULT.withSpecialTokens(false);

  private static BertTokenizer with(AddedToken... tokens) {
    TokenizerConfig.Builder config = TokenizerConfig.builder();
    List.of(tokens).forEach(config::addToken);
    return BertTokenizer.of(TokenizerFixtures.vocabulary(), config.build());
  }

  @Test
  void newTokensGetTheNextIds() {
    BertTokenizer tokenizer = with(AddedToken.ordinary("<ent>"), AddedToken.special("<end>"));
    assertEquals(30524, tokenizer.vocabularySize());
    assertEquals(30522, tokenizer.tokenToId("<ent>"));
    assertEquals("<end>", tokenizer.idToToken(30523));
    assertTrue(tokenizer.isSpecial(30523));
    assertArrayEquals(
        new int[] {1996, 30522, 3899, 30523}, tokenizer.encode("the <ent>dog<end>", BARE).ids());
  }

  @Test
  void normalizedTokensMatchNormalizedText() {
    BertTokenizer tokenizer = with(AddedToken.ordinary("Naïve"));
    assertArrayEquals(new int[] {30522}, tokenizer.encode("NAIVE", BARE).ids());
    tokenizer = with(AddedToken.ordinary("Naïve").withNormalized(false));
    assertArrayEquals(new int[] {15743, 30522}, tokenizer.encode("naïve Naïve", BARE).ids());
  }

  @Test
  void strippingSwallowsTheWhiteSpaceBesideTheToken() {
    BertTokenizer tokenizer = with(AddedToken.special("<x>").withStrip(true, true));
    Encoding encoding = tokenizer.encode("a \t<x>  b", BARE);
    assertArrayEquals(new int[] {0, 1, 8}, encoding.charStart());
    assertArrayEquals(new int[] {1, 8, 9}, encoding.charEnd());
  }

  @Test
  void singleWordsDoNotMatchInsideWords() {
    BertTokenizer tokenizer = with(AddedToken.special("ony").withSingleWord(true));
    assertEquals(List.of("anthony"), tokenizer.encode("anthony", BARE).tokens());
    assertEquals(List.of("ony", ",", "ony"), tokenizer.encode("ony,ony", BARE).tokens());
  }

  @Test
  void theLongestTokenWinsAtAPlace() {
    BertTokenizer tokenizer = with(AddedToken.special("<a"), AddedToken.special("<a>b"));
    assertEquals(List.of("<a>b", "<a", "c"), tokenizer.encode("<a>b<ac", BARE).tokens());
  }

  @Test
  void ofTokensAlikeOnceNormalizedTheFirstIsFound() {
    BertTokenizer tokenizer = with(AddedToken.ordinary("<ent>"), AddedToken.ordinary("<Ent>"));
    assertArrayEquals(new int[] {30522, 30522}, tokenizer.encode("<Ent><ent>", BARE).ids());
  }

  @Test
  void misplacedIdsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> with(AddedToken.special("<x>").withId(5)));
    assertThrows(
        IllegalArgumentException.class, () -> with(AddedToken.special("[MASK]").withId(7)));
    assertThrows(
        IllegalArgumentException.class,
        () -> with(AddedToken.special("<x>").withId(Integer.MAX_VALUE)));
    assertThrows(IllegalArgumentException.class, () -> AddedToken.special(""));
    assertThrows(IllegalArgumentException.class, () -> AddedToken.special("\uD800"));
  }
}
