// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.json;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON trees as text. */
public final class JsonText {
  private static final JsonMapper COMPACT = JsonMapper.shared();
  private static final JsonMapper INDENTED =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private JsonText() {}

  /** On one line. */
  public static String compact(JsonNode node) {
    return COMPACT.writeValueAsString(node);
  }

  /** On several indented lines, the last one ended, as {@code config.json} is written. */
  public static String indented(JsonNode node) {
    return INDENTED.writeValueAsString(node) + "\n";
  }
}
