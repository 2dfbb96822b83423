// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The OpenAPI document says what is served, and its examples work. */
class OpenApiTest {
  private static final Pattern KNOWN = Pattern.compile("known are ([a-z_, ]+)");

  @Test
  void everyPathAndNoOtherIsDescribedAndItsExampleWorks() throws Exception {
    try (MegaBertServer server = MegaBertServer.start(TestServers.models(), TestServers.OPTIONS);
        Client client = new Client(server)) {
      server.awaitReady();
      JsonNode document = JsonMapper.shared().readTree(client.get("/openapi.json").body());
      Set<String> described = new TreeSet<>();
      for (Map.Entry<String, JsonNode> path : document.get("paths").properties()) {
        described.addAll(
            path.getValue().propertyNames().stream()
                .map(method -> method.toUpperCase(Locale.ROOT) + " " + path.getKey())
                .toList());
        if (path.getValue().has("get")) {
          assertEquals(200, client.get(path.getKey()).statusCode(), path.getKey());
          continue;
        }
        JsonNode body =
            path.getValue().get("post").get("requestBody").get("content").get("application/json");
        client.answer(path.getKey(), body.get("example").toString());
        assertFields(client, path.getKey(), body);
      }
      Set<String> served = new TreeSet<>();
      server.endpoints().forEach(endpoint -> served.add(endpoint.method() + " " + endpoint.path()));
      assertEquals(served, described);
    }
  }

  /** A request with a field that nobody knows is told those that are known. */
  private static void assertFields(Client client, String path, JsonNode body) throws Exception {
    String example = body.get("example").toString();
    String strange = example.substring(0, example.length() - 1) + ",\"strange\":1}";
    Matcher known = KNOWN.matcher(client.post(path, strange).body());
    assertTrue(known.find(), path);
    assertEquals(
        new TreeSet<>(body.get("schema").get("properties").propertyNames()),
        new TreeSet<>(Set.of(known.group(1).strip().split(", ", -1))),
        path);
  }
}
