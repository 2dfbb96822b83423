// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens, and whom it serves.
 *
 * @param host the name or address that it is bound to
 * @param port its port; 0 for one that is free
 * @param apiKey what clients have to show, or null for nothing
 * @param limits what it takes at most
 * @param accessLog gets a line a request, a JSON object; called by many threads
 */
public record ServerOptions(
    String host, int port, @Nullable ApiKey apiKey, Limits limits, Consumer<String> accessLog) {
  /** Reached from this machine alone, at port 8080, without a key, without a log. */
  public static final ServerOptions DEFAULT =
      new ServerOptions("127.0.0.1", 8080, null, Limits.DEFAULT, line -> {});

  /** Checks the port. */
  public ServerOptions {
    if (port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("a port is a number of 0 … 65535, not " + port);
    }
  }

  /** The same at another address. */
  public ServerOptions withHost(String value) {
    return new ServerOptions(value, port, apiKey, limits, accessLog);
  }

  /** The same at another port. */
  public ServerOptions withPort(int value) {
    return new ServerOptions(host, value, apiKey, limits, accessLog);
  }

  /** The same for clients that show a key. */
  public ServerOptions withApiKey(ApiKey value) {
    return new ServerOptions(host, port, value, limits, accessLog);
  }

  /** The same with other limits. */
  public ServerOptions withLimits(Limits value) {
    return new ServerOptions(host, port, apiKey, value, accessLog);
  }

  /** The same with another access log. */
  public ServerOptions withAccessLog(Consumer<String> value) {
    return new ServerOptions(host, port, apiKey, limits, value);
  }
}
