// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The special tokens that {@code tokenizer_config.json} and the older {@code
 * special_tokens_map.json} name, by the rules of transformers 5 ({@code
 * PreTrainedTokenizerBase._from_pretrained}).
 */
final class SpecialTokensJson {
  private static final String ADDITIONAL = "additional_special_tokens";
  private static final String EXTRA = "extra_special_tokens";

  /** Names whose tokens a BERT tokenizer needs; {@link TokenizerConfigJson} reads them. */
  private static final Set<String> NEEDED =
      Set.of("unk_token", "cls_token", "sep_token", "pad_token", "mask_token");

  private SpecialTokensJson() {}

  /**
   * The settings with the two names of the list of extra tokens made one, and with what the older
   * file says. That file counts only where no {@code added_tokens_decoder} is; then its names come
   * before the settings', and its list is added to theirs.
   *
   * @param map {@code special_tokens_map.json}, or null
   */
  static ObjectNode merged(ObjectNode settings, @Nullable ObjectNode map, String mapSource)
      throws TokenizerException {
    ObjectNode merged = settings.deepCopy();
    nameExtra(merged);
    if (map == null || Json.field(settings, "added_tokens_decoder") != null) {
      return merged;
    }
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      JsonNode value = entry.getValue();
      if (!value.isString() && !value.isContainer() && !value.isNull()) {
        throw Json.wrong(mapSource, entry.getKey(), value, "a token");
      }
      if (entry.getKey().equals(EXTRA)
          && value.isArray()
          && merged.get(EXTRA) instanceof ArrayNode tokens) {
        value.forEach(tokens::add);
      } else {
        merged.set(entry.getKey(), value);
      }
    }
    nameExtra(merged);
    return merged;
  }

  /** {@code additional_special_tokens} is the old name, which counts where the new one is not. */
  private static void nameExtra(ObjectNode settings) {
    JsonNode additional = settings.remove(ADDITIONAL);
    if (additional != null && !settings.has(EXTRA)) {
      settings.set(EXTRA, additional);
    }
  }

  /** A special token's name: a string, or an object that has it as its content. */
  static String name(JsonNode settings, String key, String fallback, String source)
      throws TokenizerException {
    JsonNode value = Json.field(settings, key);
    if (value != null && value.isObject()) {
      return Json.string(value, "content", fallback, source);
    }
    return Json.string(settings, key, fallback, source);
  }

  /**
   * Adds every special token that is named, but for those that are known with their flags: first
   * {@code bos_token}, {@code eos_token} and other names that end so, then those of a map, then
   * those of a list. Where the vocabulary lacks them they get the next ids in this order.
   *
   * @param known contents of the tokens added so far; extended
   */
  static void add(
      ObjectNode settings, Set<String> known, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    Map<String, JsonNode> tokens = new LinkedHashMap<>();
    for (String name : new String[] {"bos_token", "eos_token"}) {
      JsonNode value = Json.field(settings, name);
      if (value != null) {
        tokens.put(name, value);
      }
    }
    for (Map.Entry<String, JsonNode> entry : settings.properties()) {
      JsonNode value = entry.getValue();
      boolean named = entry.getKey().endsWith("_token") && (value.isString() || value.isObject());
      // The tokens that BERT needs are added in any case; here those with flags of their own.
      if (named && (value.isObject() || !NEEDED.contains(entry.getKey()))) {
        tokens.putIfAbsent(entry.getKey(), value);
      }
    }
    for (Map.Entry<String, JsonNode> token : tokens.entrySet()) {
      add(token.getValue(), token.getKey(), known, config, source);
    }
    JsonNode extra = Json.field(settings, EXTRA);
    if (extra == null) {
      return;
    }
    if (!extra.isContainer()) {
      throw Json.wrong(source, EXTRA, extra, "a list or a map of tokens");
    }
    for (JsonNode token : extra) {
      add(token, EXTRA, known, config, source);
    }
  }

  private static void add(
      JsonNode value, String name, Set<String> known, TokenizerConfig.Builder config, String source)
      throws TokenizerException {
    String content =
        value.isObject() ? Json.string(value, "content", "", source) : value.asString("");
    if (!value.isObject() && !value.isString()) {
      throw Json.wrong(source, name, value, "a token");
    }
    if (content.isEmpty() || !known.add(content)) {
      return;
    }
    try {
      AddedToken token = AddedToken.special(content);
      if (value.isObject()) {
        // Only an object that is a serialised token says itself that it is an ordinary one.
        boolean special = Json.bool(value, "special", !value.has("__type"), source);
        token =
            new AddedToken(
                content,
                -1,
                Json.bool(value, "single_word", false, source),
                Json.bool(value, "lstrip", false, source),
                Json.bool(value, "rstrip", false, source),
                Json.bool(value, "normalized", false, source),
                special || NEEDED.contains(name));
      }
      config.addToken(token);
    } catch (IllegalArgumentException e) {
      throw new TokenizerException(source + ": " + e.getMessage(), e);
    }
  }
}
