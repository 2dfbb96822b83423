// SPDX-License-Identifier: Apache-2.0
/** A server that answers the requests of many clients with MegatronBERT models. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("requires-automatic")
module io.github.megabert.server {
  requires transitive io.github.megabert.core;
  requires io.helidon.common.buffers;
  requires io.helidon.common.media.type;
  requires io.helidon.common.socket;
  requires io.helidon.http;
  requires io.helidon.http.media;
  requires io.helidon.webserver;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires tools.jackson.databind;
  requires static org.jspecify;

  exports io.github.megabert.server;
}
