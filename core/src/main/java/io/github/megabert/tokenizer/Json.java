package io.github.megabert.tokenizer;

import io.github.megabert.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON read strictly; whatever is wrong is said in one sentence that names file and field. */
final class Json {
  private Json() {}

  static ObjectNode object(InputStream in, String source) throws IOException {
    JsonNode root;
    try {
      root = JsonTree.read(in);
    } catch (JacksonException e) {
      throw new TokenizerException(
          source + " is not valid JSON: " + e.getOriginalMessage() + ".", e);
    }
    if (root instanceof ObjectNode object) {
      return object;
    }
    throw new TokenizerException(
        source + " holds " + describe(root) + " where a JSON object is expected.");
  }

  /** The field, or null where it is absent or JSON's null. */
  static @Nullable JsonNode field(JsonNode object, String name) {
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? null : value;
  }

  static boolean bool(JsonNode object, String name, boolean fallback, String source)
      throws TokenizerException {
    JsonNode value = field(object, name);
    if (value == null) {
      return fallback;
    }
    if (!value.isBoolean()) {
      throw wrong(source, name, value, "true or false");
    }
    return value.booleanValue();
  }

  static String string(JsonNode object, String name, String fallback, String source)
      throws TokenizerException {
    JsonNode value = field(object, name);
    if (value == null) {
      return fallback;
    }
    if (!value.isString()) {
      throw wrong(source, name, value, "a string");
    }
    return value.stringValue();
  }

  static TokenizerException wrong(String source, String name, JsonNode value, String wanted) {
    return new TokenizerException(
        "%s: \"%s\" is %s where %s is expected.".formatted(source, name, describe(value), wanted));
  }

  private static String describe(JsonNode value) {
    String text = value.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }
}
