// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.InputFile;
import io.github.megabert.input.Quote;
import io.github.megabert.input.UnreadableFileException;
import io.github.megabert.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON read strictly; whatever is wrong is said in one sentence that names file and field. */
final class Json {
  private Json() {}

  /** Far above any BERT's tokenizer.json; LaBSE's half a million tokens take 10 MB. */
  private static final long LARGEST_DOCUMENT = 64L << 20;

  /** The JSON object that a file holds. */
  static ObjectNode object(Path file) throws IOException {
    try (InputStream in = InputFile.stream(file, JsonTree.mostBytes(LARGEST_DOCUMENT))) {
      return object(in, file.toString());
    } catch (UnreadableFileException e) {
      throw new TokenizerException(e.getMessage(), e);
    }
  }

  /** The JSON object that a stream holds; the stream stays open. */
  static ObjectNode object(InputStream in, String source) throws IOException {
    JsonNode root;
    try {
      root = JsonTree.read(in, source, LARGEST_DOCUMENT);
    } catch (JacksonException e) {
      throw new TokenizerException(source + " is not valid JSON" + JsonTree.reason(e) + ".", e);
    } catch (UnreadableFileException e) {
      throw new TokenizerException(e.getMessage(), e);
    }
    if (root instanceof ObjectNode object) {
      return object;
    }
    throw new TokenizerException(
        source + " holds " + Quote.json(root) + " where a JSON object is expected.");
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
        source
            + ": \""
            + Quote.escape(name)
            + "\" is "
            + Quote.json(value)
            + " where "
            + wanted
            + " is expected.");
  }
}
