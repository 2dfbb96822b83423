// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonText;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A line a request, a JSON object. It has none of the texts. */
final class AccessLog {
  private final Consumer<String> lines;

  AccessLog(Consumer<String> lines) {
    this.lines = lines;
  }

  /** Writes a request's line. */
  void write(String client, String method, String path, int status, long bytes, Call call) {
    ObjectNode line =
        JsonNodeFactory.instance
            .objectNode()
            .put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
            .put("client", client)
            .put("method", Quote.escape(method))
            .put("path", Quote.escape(path))
            .put("status", status)
            .put("milliseconds", milliseconds(call.age()))
            .put("bytes", bytes);
    if (call.model() != null) {
      line.put("model", call.model())
          .put("texts", call.texts())
          .put("tokens", call.tokens())
          .put("waited", milliseconds(call.waited()))
          .put("computed", milliseconds(call.computed()));
    }
    lines.accept(JsonText.compact(line));
  }

  /** With three decimals. */
  private static double milliseconds(Duration time) {
    return Math.round(time.toNanos() / 1e3) / 1e3;
  }
}
