// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tokenizer folders as they are found: special tokens named in one file or another, {@code
 * tokenizer.json} with sequences, vocabularies with blanks. What each gives was computed by
 * transformers 5.17's {@code AutoTokenizer}, with a {@code config.json} of a MegatronBERT beside
 * the files.
 */
class TransformersFoldersTest {
  private static final String VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\ndog\n";

  @TempDir Path folder;

  static Stream<Named<JsonNode>> cases() throws IOException {
    JsonNode cases;
    try (InputStream in =
        TransformersFoldersTest.class.getResourceAsStream("transformers-folders.json")) {
      cases = JsonMapper.shared().readTree(in);
    }
    assertTrue(cases.size() > 40, "only " + cases.size() + " cases");
    return cases.valueStream().map(node -> Named.of(node.get("name").stringValue(), node));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aFolderGivesTheIdsOfTransformers(JsonNode wanted) throws IOException {
    for (Map.Entry<String, JsonNode> file : wanted.get("files").properties()) {
      write(file.getKey(), file.getValue().stringValue());
    }
    BertTokenizer tokenizer = BertTokenizer.load(folder);
    Encoding encoding =
        tokenizer.encode(
            wanted.get("text").stringValue(),
            wanted.has("pair") ? wanted.get("pair").stringValue() : null,
            EncodingOptions.DEFAULT);
    int[] ids = wanted.get("ids").valueStream().mapToInt(JsonNode::intValue).toArray();
    assertArrayEquals(ids, encoding.ids());
    if (wanted.has("size")) {
      assertEquals(wanted.get("size").intValue(), tokenizer.vocabularySize());
    }
    assertEquals(wanted.get("decoded").stringValue(), tokenizer.decode(encoding.ids(), true));
  }

  @Test
  void flagsOfASpecialTokenHoldWhereverItIsNamed() throws IOException {
    write("vocab.txt", VOCABULARY);
    write(
        "special_tokens_map.json",
        """
        {"mask_token": {"content": "[MASK]", "lstrip": true, "rstrip": false,
          "normalized": false, "single_word": false}}
        """);
    Encoding encoding = BertTokenizer.load(folder).encode("a [MASK] b");
    assertArrayEquals(new int[] {0, 0, 1, 9, 0}, encoding.charStart());
    assertArrayEquals(new int[] {0, 1, 8, 10, 0}, encoding.charEnd());
  }

  @Test
  void aByteOrderMarkIsNoPartOfTheFirstToken() throws IOException {
    write("vocab.txt", "\uFEFF" + VOCABULARY);
    BertTokenizer tokenizer = BertTokenizer.load(folder);
    assertEquals(9, tokenizer.vocabularySize());
    assertEquals(0, tokenizer.padId());
  }

  @Test
  void aTokenizerWithoutSpecialTokensRefusesToBeSavedAsAVocabulary() throws IOException {
    BertTokenizer tokenizer =
        BertTokenizer.of(
            List.of(VOCABULARY.split("\n")),
            TokenizerConfig.builder().addsSpecialTokens(false).build());
    assertArrayEquals(new int[] {5, 8}, tokenizer.encode("a dog").ids());
    assertThrows(TokenizerException.class, () -> tokenizer.save(folder.resolve("saved")));
  }

  @Test
  void whatIsNoTokenIsRefusedWithItsFile() throws IOException {
    write("vocab.txt", VOCABULARY);
    write("special_tokens_map.json", "{\"mask_token\": 3}");
    assertRefused("special_tokens_map.json: \"mask_token\" is 3 where a token is expected");
    write("special_tokens_map.json", "{}");
    write("tokenizer_config.json", "{\"extra_special_tokens\": 3}");
    assertRefused("\"extra_special_tokens\" is 3 where a list or a map of tokens is expected");
    write("tokenizer_config.json", "{\"additional_special_tokens\": [4]}");
    assertRefused("\"extra_special_tokens\" is 4 where a token is expected");
  }

  private void assertRefused(String message) {
    TokenizerException refusal =
        assertThrows(TokenizerException.class, () -> BertTokenizer.load(folder));
    assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
