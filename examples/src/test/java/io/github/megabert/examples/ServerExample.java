// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.server.Limits;
import io.github.megabert.server.MegaBertServer;
import io.github.megabert.server.ServerOptions;
import java.time.Duration;
import java.util.Map;

final class ServerExample {
  private ServerExample() {}

  static MegaBertServer serve(MegaBert bert) {
    ServerOptions options =
        ServerOptions.DEFAULT
            .withPort(0)
            .withLimits(Limits.DEFAULT.withDeadline(Duration.ofSeconds(5)));
    return MegaBertServer.start(Map.of("demo", bert), options);
  }
}
