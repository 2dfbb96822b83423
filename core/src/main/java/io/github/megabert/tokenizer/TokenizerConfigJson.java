// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonText;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code tokenizer_config.json} and the older {@code added_tokens.json}, read and written. */
final class TokenizerConfigJson {
  private TokenizerConfigJson() {}

  /**
   * What the settings say, laid over {@code base}.
   *
   * @param json the file, with {@link SpecialTokensJson#merged} applied
   * @param base where it comes from {@code tokenizer.json}, its normaliser stays as it is for the
   *     classes that transformers takes that file for as a whole
   */
  static TokenizerConfig apply(
      ObjectNode json, TokenizerConfig base, boolean baseIsTokenizerJson, String source)
      throws TokenizerException {
    String kind = Json.string(json, "tokenizer_class", "BertTokenizer", source);
    if (!isBert(kind)) {
      throw new TokenizerException(
          source + " is of a " + Quote.quote(kind) + "; only 'BertTokenizer' can be loaded.");
    }
    TokenizerConfig.Builder config = base.toBuilder();
    if (!baseIsTokenizerJson || !json.has("tokenizer_class") || !isWhole(kind)) {
      normalizer(json, base, config, source);
    }
    config.cleanUpTokenizationSpaces(
        Json.bool(json, "clean_up_tokenization_spaces", base.cleanUpTokenizationSpaces(), source));
    config.unknownToken(SpecialTokensJson.name(json, "unk_token", base.unknownToken(), source));
    config.clsToken(SpecialTokensJson.name(json, "cls_token", base.clsToken(), source));
    config.sepToken(SpecialTokensJson.name(json, "sep_token", base.sepToken(), source));
    config.padToken(SpecialTokensJson.name(json, "pad_token", base.padToken(), source));
    config.maskToken(SpecialTokensJson.name(json, "mask_token", base.maskToken(), source));
    JsonNode maxLength = Json.field(json, "model_max_length");
    if (maxLength != null) {
      // transformers writes 1e30 for "no limit".
      if (!maxLength.isNumber() || !(maxLength.doubleValue() >= 1)) {
        throw Json.wrong(source, "model_max_length", maxLength, "a positive number");
      }
      config.modelMaxLength((int) Math.min(maxLength.doubleValue(), Integer.MAX_VALUE));
    }
    Set<String> known = contents(base);
    addedTokensDecoder(json, known, config, source);
    SpecialTokensJson.add(json, known, config, source);
    return config.build();
  }

  private static boolean isBert(String tokenizerClass) {
    return tokenizerClass.equals("BertTokenizer")
        || tokenizerClass.equals("BertTokenizerFast")
        || isWhole(tokenizerClass);
  }

  /** Whether a class is made of {@code tokenizer.json} alone, whatever the settings say of case. */
  private static boolean isWhole(String tokenizerClass) {
    return tokenizerClass.equals("PreTrainedTokenizerFast")
        || tokenizerClass.equals("TokenizersBackend");
  }

  private static void normalizer(
      JsonNode json, TokenizerConfig base, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    config.lowerCase(Json.bool(json, "do_lower_case", base.lowerCase(), source));
    if (json.has("strip_accents")) {
      config.stripAccents(
          Json.field(json, "strip_accents") == null
              ? null
              : (Boolean) Json.bool(json, "strip_accents", false, source));
    }
    config.tokenizeChineseChars(
        Json.bool(json, "tokenize_chinese_chars", base.tokenizeChineseChars(), source));
  }

  private static void addedTokensDecoder(
      JsonNode json, Set<String> known, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    JsonNode decoder = Json.field(json, "added_tokens_decoder");
    if (decoder == null) {
      return;
    }
    if (!decoder.isObject()) {
      throw Json.wrong(source, "added_tokens_decoder", decoder, "an object");
    }
    for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
      AddedToken token = addedToken(entry.getValue(), id(entry.getKey(), source), source);
      if (known.add(token.content())) {
        config.addToken(token);
      }
    }
  }

  private static Set<String> contents(TokenizerConfig config) {
    Set<String> contents = new HashSet<>();
    config.addedTokens().forEach(token -> contents.add(token.content()));
    return contents;
  }

  private static int id(String text, String source) throws TokenizerException {
    try {
      int id = Integer.parseInt(text);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException e) {
      // Refused below, as a negative one is.
    }
    throw new TokenizerException(
        source
            + ": an added token has the id "
            + Quote.quote(text)
            + " where a number from 0 to 2147483647 is expected.");
  }

  /** An added token as {@code added_tokens_decoder} and {@code tokenizer.json} describe it. */
  static AddedToken addedToken(JsonNode json, int id, String source) throws TokenizerException {
    JsonNode content = json.get("content");
    if (content == null || !content.isString()) {
      throw Json.wrong(source, "added token " + id, json, "an object with a content");
    }
    boolean special = Json.bool(json, "special", false, source);
    try {
      return new AddedToken(
          content.stringValue(),
          id,
          Json.bool(json, "single_word", false, source),
          Json.bool(json, "lstrip", false, source),
          Json.bool(json, "rstrip", false, source),
          Json.bool(json, "normalized", !special, source),
          special);
    } catch (IllegalArgumentException e) {
      throw new TokenizerException(source + ": " + e.getMessage(), e);
    }
  }

  /** {@code added_tokens.json}: token to id. Tokens known with their flags keep them. */
  static TokenizerConfig applyAddedTokens(ObjectNode json, TokenizerConfig base, String source)
      throws TokenizerException {
    TokenizerConfig.Builder config = base.toBuilder();
    Set<String> known = contents(base);
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      if (!entry.getValue().isInt() || entry.getValue().intValue() < 0) {
        throw Json.wrong(source, entry.getKey(), entry.getValue(), "an id from 0 up");
      }
      String content = entry.getKey();
      if (!known.add(content)) {
        continue;
      }
      try {
        AddedToken token =
            base.specialTokens().contains(content)
                ? AddedToken.special(content)
                : AddedToken.ordinary(content);
        config.addToken(token.withId(entry.getValue().intValue()));
      } catch (IllegalArgumentException e) {
        throw new TokenizerException(source + ": " + e.getMessage(), e);
      }
    }
    return config.build();
  }

  static String write(BertTokenizer tokenizer) throws TokenizerException {
    TokenizerConfig config = tokenizer.config();
    if (!config.cleanText()
        || !config.addsSpecialTokens()
        || !config.joinPunctuation()
        || !config.continuingSubwordPrefix().equals("##")
        || config.maxInputCharsPerWord() != 100) {
      throw new TokenizerException(
          "The tokenizer differs from BERT's in what tokenizer_config.json cannot say"
              + " (clean_text, no special tokens, the decoder's cleanup, the subword prefix or"
              + " max_input_chars_per_word).");
    }
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ObjectNode decoder = json.putObject("added_tokens_decoder");
    for (AddedToken token : tokenizer.vocabulary().added()) {
      decoder
          .putObject(Integer.toString(token.id()))
          .put("content", token.content())
          .put("lstrip", token.leftStrip())
          .put("normalized", token.normalized())
          .put("rstrip", token.rightStrip())
          .put("single_word", token.singleWord())
          .put("special", token.special());
    }
    json.put("clean_up_tokenization_spaces", config.cleanUpTokenizationSpaces());
    json.put("cls_token", config.clsToken());
    json.put("do_lower_case", config.lowerCase());
    json.put("mask_token", config.maskToken());
    if (config.modelMaxLength() != Integer.MAX_VALUE) {
      json.put("model_max_length", config.modelMaxLength());
    }
    json.put("pad_token", config.padToken());
    json.put("sep_token", config.sepToken());
    json.put("strip_accents", config.stripAccents());
    json.put("tokenize_chinese_chars", config.tokenizeChineseChars());
    json.put("tokenizer_class", "BertTokenizer");
    json.put("unk_token", config.unknownToken());
    return JsonText.indented(json);
  }
}
