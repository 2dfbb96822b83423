// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** What a request gets. */
sealed interface Answer {
  /** A small JSON value. */
  record Tree(JsonNode value) implements Answer {}

  /** A JSON value that is written as it goes: vectors. */
  record Written(Consumer<JsonGenerator> writer) implements Answer {}

  /** A text of another type. */
  record Text(String contentType, String text) implements Answer {}

  /** A page for people, or a part of one, which may use nothing that is not served here. */
  record Page(String contentType, String text) implements Answer {}

  /** Server-sent events, as they come. */
  record Events(Consumer<EventStream> source) implements Answer {}

  /** Writes the numbers from one place to before another as an array. */
  static void writeNumbers(JsonGenerator json, float[] values, int from, int to) {
    json.writeStartArray();
    for (int i = from; i < to; i++) {
      json.writeNumber(values[i]);
    }
    json.writeEndArray();
  }
}
