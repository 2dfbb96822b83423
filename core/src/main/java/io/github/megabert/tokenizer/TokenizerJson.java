// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Hugging Face's {@code tokenizer.json}, as far as it describes a BERT tokenizer. Its {@code
 * truncation} and {@code padding} sections are ignored, as transformers does.
 *
 * @param vocabulary tokens by id; an id without one has the empty token
 * @param config the rest
 */
record TokenizerJson(List<String> vocabulary, TokenizerConfig config) {

  static TokenizerJson read(Path file) throws IOException {
    return of(Json.object(file), file.toString());
  }

  static TokenizerJson of(ObjectNode json, String source) throws TokenizerException {
    JsonNode model = Json.field(json, "model");
    if (model == null) {
      throw new TokenizerException(source + " has no \"model\" section; it is no tokenizer.json.");
    }
    // Files of tokenizers before 0.9 name no type; only WordPiece has this limit.
    boolean wordPiece =
        model.has("type") ? "WordPiece".equals(type(model)) : model.has("max_input_chars_per_word");
    if (!wordPiece) {
      throw other(source, "model", model, "WordPiece");
    }
    TokenizerConfig.Builder config = TokenizerConfig.builder();
    config.unknownToken(Json.string(model, "unk_token", "[UNK]", source));
    config.continuingSubwordPrefix(Json.string(model, "continuing_subword_prefix", "##", source));
    JsonNode maxChars = Json.field(model, "max_input_chars_per_word");
    if (maxChars != null) {
      int most = TokenizerConfig.MOST_CHARS_PER_WORD;
      if (!maxChars.isInt() || maxChars.intValue() <= 0 || maxChars.intValue() > most) {
        throw Json.wrong(
            source, "max_input_chars_per_word", maxChars, "a number from 1 to " + most);
      }
      config.maxInputCharsPerWord(maxChars.intValue());
    }
    normalizer(Json.field(json, "normalizer"), config, source);
    preTokenizer(Json.field(json, "pre_tokenizer"), source);
    postProcessor(Json.field(json, "post_processor"), config, source);
    decoder(Json.field(json, "decoder"), config, source);
    addedTokens(Json.field(json, "added_tokens"), config, source);
    return new TokenizerJson(vocabulary(Json.field(model, "vocab"), source), config.build());
  }

  /** What a section says that it is; null where it is absent or says it by no string. */
  private static @Nullable String type(@Nullable JsonNode section) {
    JsonNode type = section == null ? null : section.get("type");
    return type != null && type.isString() ? type.stringValue() : null;
  }

  private static TokenizerException other(
      String source, String name, @Nullable JsonNode section, String wanted) {
    JsonNode type = section == null ? null : section.get("type");
    return new TokenizerException(
        source
            + " has "
            + (section == null
                ? "no " + name
                : "a " + name + " of type " + (type == null ? "none" : Quote.json(type)))
            + "; only BERT's "
            + wanted
            + " can be loaded.");
  }

  /**
   * The parts of a section: itself, or those of the {@code Sequence} that it is, however deep.
   *
   * @param list what the parts are called in such a sequence
   */
  private static List<JsonNode> parts(@Nullable JsonNode section, String list) {
    List<JsonNode> parts = new ArrayList<>();
    addParts(section, list, parts);
    return parts;
  }

  private static void addParts(@Nullable JsonNode section, String list, List<JsonNode> parts) {
    if (section == null) {
      return;
    }
    if (!"Sequence".equals(type(section))) {
      parts.add(section);
      return;
    }
    for (JsonNode part : section.path(list)) {
      addParts(part, list, parts);
    }
  }

  /** The only part of a section, or null where it has none. */
  private static @Nullable JsonNode onlyPart(
      @Nullable JsonNode section, String name, String list, String wanted, String source)
      throws TokenizerException {
    List<JsonNode> parts = parts(section, list);
    for (JsonNode part : parts) {
      if (!wanted.equals(type(part))) {
        throw other(source, name, part, wanted);
      }
    }
    if (parts.size() > 1) {
      throw new TokenizerException(
          String.format(
              Locale.ROOT,
              "%s has %d %ss in a row; one can be loaded.",
              source,
              parts.size(),
              wanted));
    }
    return parts.isEmpty() ? null : parts.getFirst();
  }

  /** Splitting what is split changes nothing; so there may be several. */
  private static void preTokenizer(@Nullable JsonNode preTokenizer, String source)
      throws TokenizerException {
    List<JsonNode> parts = parts(preTokenizer, "pretokenizers");
    for (JsonNode part : parts) {
      if (!"BertPreTokenizer".equals(type(part))) {
        throw other(source, "pre_tokenizer", part, "BertPreTokenizer");
      }
    }
    if (parts.isEmpty()) {
      throw other(source, "pre_tokenizer", preTokenizer, "BertPreTokenizer");
    }
  }

  private static void normalizer(
      @Nullable JsonNode section, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    JsonNode normalizer = onlyPart(section, "normalizer", "normalizers", "BertNormalizer", source);
    if (normalizer == null) {
      config.cleanText(false).tokenizeChineseChars(false).lowerCase(false).stripAccents(false);
      return;
    }
    config.cleanText(Json.bool(normalizer, "clean_text", true, source));
    config.tokenizeChineseChars(Json.bool(normalizer, "handle_chinese_chars", true, source));
    config.lowerCase(Json.bool(normalizer, "lowercase", true, source));
    config.stripAccents(
        Json.field(normalizer, "strip_accents") == null
            ? null
            : (Boolean) Json.bool(normalizer, "strip_accents", false, source));
  }

  /**
   * BERT's {@code [CLS] a [SEP] b [SEP]}, whichever of the two ways it is written, or null: no
   * special tokens.
   */
  private static void postProcessor(
      @Nullable JsonNode section, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    List<JsonNode> parts = parts(section, "processors");
    if (parts.isEmpty()) {
      config.addsSpecialTokens(false);
      return;
    }
    if (parts.size() > 1) {
      throw new TokenizerException(
          String.format(
              Locale.ROOT, "%s has %d post-processors; one can be loaded.", source, parts.size()));
    }
    JsonNode processor = parts.getFirst();
    if ("BertProcessing".equals(type(processor))) {
      config.clsToken(text(processor.path("cls").path(0), "[CLS]"));
      config.sepToken(text(processor.path("sep").path(0), "[SEP]"));
      return;
    }
    if (!"TemplateProcessing".equals(type(processor))) {
      throw other(source, "post_processor", processor, "TemplateProcessing");
    }
    JsonNode single = processor.path("single");
    String cls = special(single.path(0));
    String sep = special(single.path(2));
    String wantedSingle = String.format(Locale.ROOT, "%s:0 A:0 %s:0", cls, sep);
    String wantedPair = wantedSingle + String.format(Locale.ROOT, " B:1 %s:1", sep);
    if (!template(single).equals(wantedSingle)
        || !template(processor.path("pair")).equals(wantedPair)) {
      throw new TokenizerException(
          source
              + " has the templates "
              + Quote.quote(template(single))
              + " and "
              + Quote.quote(template(processor.path("pair")))
              + "; BERT's are '[CLS]:0 A:0 [SEP]:0' and the same with 'B:1 [SEP]:1'.");
    }
    config.clsToken(cls);
    config.sepToken(sep);
  }

  private static String special(JsonNode piece) {
    return text(piece.path("SpecialToken").path("id"), "");
  }

  /** What a string or a number says; of anything else, and of what is absent, the fallback. */
  private static String text(JsonNode value, String fallback) {
    return value.isString() || value.isNumber() ? value.asString() : fallback;
  }

  private static String template(JsonNode pieces) {
    StringBuilder text = new StringBuilder();
    for (JsonNode piece : pieces) {
      for (Map.Entry<String, JsonNode> kind : piece.properties()) {
        text.append(text.isEmpty() ? "" : " ")
            .append(text(kind.getValue().path("id"), ""))
            .append(':')
            .append(text(kind.getValue().path("type_id"), ""));
      }
    }
    return text.toString();
  }

  private static void decoder(
      @Nullable JsonNode section, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    JsonNode decoder = onlyPart(section, "decoder", "decoders", "WordPiece", source);
    if (decoder == null) {
      return;
    }
    config.joinPunctuation(Json.bool(decoder, "cleanup", true, source));
  }

  private static void addedTokens(
      @Nullable JsonNode tokens, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    if (tokens == null) {
      return;
    }
    if (!tokens.isArray()) {
      throw Json.wrong(source, "added_tokens", tokens, "a list");
    }
    for (JsonNode token : tokens) {
      JsonNode id = token.get("id");
      if (id == null || !id.isInt() || id.intValue() < 0) {
        throw Json.wrong(source, "added_tokens", token, "an object with an id");
      }
      config.addToken(TokenizerConfigJson.addedToken(token, id.intValue(), source));
    }
  }

  private static List<String> vocabulary(@Nullable JsonNode vocab, String source)
      throws TokenizerException {
    if (vocab == null || !vocab.isObject() || vocab.isEmpty()) {
      throw new TokenizerException(source + " has no \"vocab\" in its model.");
    }
    int mostIds = (int) Vocabulary.mostTokens();
    int size = 0;
    for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
      JsonNode id = entry.getValue();
      if (!id.isInt() || id.intValue() < 0 || id.intValue() >= mostIds) {
        throw Json.wrong(source, entry.getKey(), id, "an id from 0 to " + (mostIds - 1));
      }
      size = Math.max(size, id.intValue() + 1);
    }
    String[] tokens = new String[size];
    Arrays.fill(tokens, "");
    for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
      int id = entry.getValue().intValue();
      if (!tokens[id].isEmpty()) {
        throw new TokenizerException(
            source
                + " gives the id "
                + id
                + " to both "
                + Quote.quote(tokens[id])
                + " and "
                + Quote.quote(entry.getKey())
                + ".");
      }
      tokens[id] = entry.getKey();
    }
    return List.of(tokens);
  }
}
