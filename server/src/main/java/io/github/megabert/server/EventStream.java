// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.json.JsonText;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Server-sent events, each a JSON value on one line, which its client gets at once. The answer
 * begins with the first: until then a request can still be refused.
 */
final class EventStream {
  private final Supplier<OutputStream> open;
  private @Nullable OutputStream out;

  EventStream(Supplier<OutputStream> open) {
    this.open = open;
  }

  boolean isBegun() {
    return out != null;
  }

  void send(JsonNode event) {
    try {
      if (out == null) {
        out = open.get();
      }
      out.write(("data: " + JsonText.compact(event) + "\n\n").getBytes(StandardCharsets.UTF_8));
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the answer, if it has begun. One that has no end was broken off, as its client sees. */
  void end() throws IOException {
    if (out != null) {
      out.close();
    }
  }
}
