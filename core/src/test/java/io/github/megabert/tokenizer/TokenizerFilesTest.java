// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class TokenizerFilesTest {
  private static final String SMALL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n";

  @TempDir Path folder;

  @Test
  void tokenizerJsonMakesTheSameTokenizerAsTheVocabulary() throws Exception {
    write("tokenizer.json", tokenizerJson().toString());
    write("tokenizer_config.json", "{\"model_max_length\": 64}");
    BertTokenizer loaded = BertTokenizer.load(folder);
    assertEquals(64, loaded.modelMaxLength());
    int texts = 0;
    for (JsonNode text : TokenizerFixtures.json("tokenizer_uncased.json").get("texts")) {
      assertSame(TokenizerFixtures.UNCASED, loaded, text.get("text").stringValue());
      texts++;
    }
    assertEquals(40, texts);
    assertArrayEquals(new int[] {101, 30522, 102}, loaded.encode("<ENT>").ids());
  }

  @Test
  void whatIsSavedLoadsAsTheSame() throws Exception {
    TokenizerConfig config =
        TokenizerConfig.builder()
            .lowerCase(false)
            .stripAccents(true)
            .modelMaxLength(77)
            .addToken(AddedToken.special("<x>").withStrip(true, false))
            .build();
    BertTokenizer tokenizer = BertTokenizer.of(TokenizerFixtures.vocabulary(), config);
    tokenizer.save(folder.resolve("new"));
    BertTokenizer loaded = BertTokenizer.load(folder.resolve("new"));
    assertEquals(77, loaded.modelMaxLength());
    assertEquals(30523, loaded.vocabularySize());
    assertEquals(true, loaded.config().stripAccents());
    assertSame(tokenizer, loaded, "Café naïve <x> [MASK] 北京");
    assertEquals(5, loaded.encode("a  <x>").charEnd()[2] - 1);
  }

  private static void assertSame(BertTokenizer expected, BertTokenizer actual, String text) {
    Encoding a = expected.encode(text);
    Encoding b = actual.encode(text);
    assertArrayEquals(a.ids(), b.ids(), text);
    assertArrayEquals(a.charStart(), b.charStart(), text);
    assertArrayEquals(a.charEnd(), b.charEnd(), text);
    assertArrayEquals(a.wordIds(), b.wordIds(), text);
    assertEquals(expected.decode(a.ids(), true), actual.decode(b.ids(), true), text);
  }

  @Test
  void streamsMakeATokenizerToo() throws Exception {
    BertTokenizer tokenizer =
        BertTokenizer.read(
            stream(SMALL),
            stream(
                """
                {"do_lower_case": true, "tokenizer_class": "BertTokenizer", "model_max_length": 1e30}
                """));
    assertEquals(Integer.MAX_VALUE, tokenizer.modelMaxLength());
    assertArrayEquals(new int[] {2, 5, 6, 6, 3}, tokenizer.encode("ABB").ids());
    assertArrayEquals(new int[] {2, 4, 3}, tokenizer.encode("[MASK]").ids());
    assertEquals(1, tokenizer.unknownId());
    assertEquals("[UNK]", tokenizer.idToToken(99));
    assertEquals(-1, tokenizer.tokenToId("zebra"));
  }

  @Test
  void ofDuplicateLinesTheLastOneCounts() throws Exception {
    BertTokenizer tokenizer = BertTokenizer.read(stream(SMALL + "a\nb\n"), null);
    assertEquals(7, tokenizer.tokenToId("a"));
    assertEquals(9, tokenizer.vocabularySize());
    assertArrayEquals(new int[] {2, 7, 8, 3}, tokenizer.encode("a b").ids());
  }

  @Test
  void specialTokensMayHaveOtherNames() throws Exception {
    BertTokenizer tokenizer =
        BertTokenizer.read(
            stream("<pad>\n<unk>\n<cls>\n<sep>\n<mask>\na\n"),
            stream(
                """
                {"cls_token": "<cls>", "sep_token": {"content": "<sep>"}, "pad_token": "<pad>",
                 "unk_token": "<unk>", "mask_token": "<mask>"}
                """));
    assertArrayEquals(new int[] {2, 5, 4, 1, 3}, tokenizer.encode("a<mask>q").ids());
  }

  @Test
  void badFilesAreRefusedInASentence() throws Exception {
    assertRefused("no folder or vocabulary", folder.resolve("nowhere"));
    assertRefused("neither a tokenizer.json nor a vocab.txt", folder);
    write("vocab.txt", "");
    assertRefused("is empty", folder);
    write("vocab.txt", "a\nb\n");
    assertRefused("lacks the special tokens '[UNK]', '[SEP]', '[PAD]', '[CLS]', '[MASK]'", folder);
    Files.write(folder.resolve("vocab.txt"), new byte[] {'a', '\n', (byte) 0xC3, '\n'});
    assertRefused("is not UTF-8", folder);
    write("vocab.txt", SMALL);
    write("tokenizer_config.json", "{\"do_lower_case\": ");
    assertRefused("is not valid JSON", folder);
    write("tokenizer_config.json", "{\"do_lower_case\": null, \"do_lower_case\": true}");
    assertRefused("near byte 45: the name 'do_lower_case' is there twice", folder);
    Files.write(folder.resolve("tokenizer_config.json"), new byte[] {'"', (byte) 0xC3, '"'});
    assertRefused("is not valid JSON near byte", folder);
    write("tokenizer_config.json", "[]");
    assertRefused("where a JSON object is expected", folder);
    write("tokenizer_config.json", "{\"do_lower_case\": 3}");
    assertRefused("\"do_lower_case\" is 3 where true or false is expected", folder);
    write("tokenizer_config.json", "{\"model_max_length\": -3}");
    assertRefused("\"model_max_length\" is -3", folder);
    write("tokenizer_config.json", "{\"tokenizer_class\": \"LlamaTokenizer\"}");
    assertRefused("is of a 'LlamaTokenizer'", folder);
    write(
        "tokenizer_config.json", "{\"added_tokens_decoder\": {\"4000000\": {\"content\": \"x\"}}}");
    assertRefused("far beyond the vocabulary", folder);
  }

  @Test
  void anotherKindOfTokenizerJsonIsNamedAndRefused() throws Exception {
    write("tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}");
    assertRefused("has a model of type \"BPE\"", folder);
    write("tokenizer.json", "{}");
    assertRefused("no \"model\" section", folder);
    write("tokenizer.json", "");
    assertRefused("expected", folder);
    ObjectNode json = tokenizerJson();
    json.putObject("normalizer").put("type", "NFKC");
    write("tokenizer.json", json.toString());
    assertRefused("has a normalizer of type \"NFKC\"", folder);
    json = tokenizerJson();
    json.putObject("pre_tokenizer").put("type", "ByteLevel");
    write("tokenizer.json", json.toString());
    assertRefused("has a pre_tokenizer of type \"ByteLevel\"", folder);
    json = tokenizerJson();
    ((ObjectNode) json.get("model").get("vocab")).put("the", -1);
    write("tokenizer.json", json.toString());
    assertRefused("\"the\" is -1", folder);
    json = tokenizerJson();
    ((ObjectNode) json.get("model").get("vocab")).put("the", 5);
    write("tokenizer.json", json.toString());
    assertRefused("gives the id 5 to both", folder);
  }

  private static void assertRefused(String message, Path folder) {
    TokenizerException refusal =
        assertThrows(TokenizerException.class, () -> BertTokenizer.load(folder));
    assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
  }

  private void write(String name, String text) throws Exception {
    Files.writeString(folder.resolve(name), text);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The fixtures' vocabulary as transformers would save it, with one added token. */
  private static ObjectNode tokenizerJson() {
    ObjectNode json =
        (ObjectNode)
            JsonMapper.shared()
                .readTree(
                    """
                    {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                     "normalizer": {"type": "BertNormalizer", "clean_text": true,
                       "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
                     "pre_tokenizer": {"type": "BertPreTokenizer"},
                     "post_processor": {"type": "TemplateProcessing",
                       "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                         {"Sequence": {"id": "A", "type_id": 0}},
                         {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                       "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                         {"Sequence": {"id": "A", "type_id": 0}},
                         {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                         {"Sequence": {"id": "B", "type_id": 1}},
                         {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]},
                     "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                     "model": {"type": "WordPiece", "unk_token": "[UNK]",
                       "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}}
                    """);
    ObjectNode vocab = ((ObjectNode) json.get("model")).putObject("vocab");
    List<String> tokens = TokenizerFixtures.vocabulary();
    for (int id = 0; id < tokens.size(); id++) {
      vocab.put(tokens.get(id), id);
    }
    for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
      added(json, tokens.indexOf(special), special, true);
    }
    added(json, tokens.size(), "<ent>", false);
    return json;
  }

  private static void added(ObjectNode json, int id, String content, boolean special) {
    json.withArray("/added_tokens")
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", !special)
        .put("special", special);
  }

  @Test
  void aVocabularyMayBeNamedItself() throws Exception {
    write("uncased-words.txt", SMALL);
    BertTokenizer uncased = BertTokenizer.load(folder.resolve("uncased-words.txt"));
    assertArrayEquals(new int[] {2, 5, 6, 6, 3}, uncased.encode("ABB").ids());
    write("cased-words.txt", SMALL + "A\nB\n");
    BertTokenizer cased = BertTokenizer.load(folder.resolve("cased-words.txt"));
    assertArrayEquals(new int[] {2, cased.tokenToId("A"), 3}, cased.encode("A").ids());
    write("tokenizer_config.json", "{\"do_lower_case\": true, \"model_max_length\": 9}");
    BertTokenizer told = BertTokenizer.load(folder.resolve("cased-words.txt"));
    assertArrayEquals(new int[] {2, told.tokenToId("a"), 3}, told.encode("A").ids());
    assertEquals(9, told.modelMaxLength());
  }
}
