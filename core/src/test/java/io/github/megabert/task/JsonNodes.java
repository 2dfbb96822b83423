// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Shapes of recorded results. */
final class JsonNodes {
  private JsonNodes() {}

  /** An array of one object, where transformers left the array out. */
  static JsonNode arrayOf(JsonNode node) {
    return node.isArray() ? node : JsonNodeFactory.instance.arrayNode().add(node);
  }
}
