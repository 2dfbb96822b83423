// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.Task;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * The pages for people are served, and ask for nothing that is not. What they look like is checked
 * by {@code src/test/browser/check.mjs}, which needs a browser and so is not run here.
 */
class PageTest {
  private static final Pattern ROUTE = Pattern.compile("'(/[a-z0-9/_.-]*)'");
  private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^#\"][^\"]*)\"");
  private static final Pattern IMPORT = Pattern.compile("from '\\./([a-z]+\\.js)'");

  private static MegaBertServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    server = TestServers.demo(TestServers.OPTIONS.withApiKey(ApiKey.of("s3cret")));
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static List<String> pages() {
    return new PageRoutes().endpoints().stream().map(Endpoint::path).toList();
  }

  @Test
  void pagesAreServedWithoutAKeyAndRunNothingFromElsewhere() throws Exception {
    for (String path : pages()) {
      HttpResponse<String> response = client.get(path);
      assertEquals(200, response.statusCode(), path);
      String policy = response.headers().firstValue("Content-Security-Policy").orElse("");
      assertTrue(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
      assertFalse(policy.contains("unsafe"), policy);
      assertEquals("nosniff", response.headers().firstValue("X-Content-Type-Options").orElse(""));
      String type = response.headers().firstValue("Content-Type").orElse("");
      String end = path.contains(".") ? path.substring(path.lastIndexOf('.') + 1) : "html";
      assertTrue(type.startsWith("text/" + (end.equals("js") ? "javascript" : end)), path + type);
      String elsewhere = response.body().replace("http://www.w3.org/2000/svg", "");
      assertFalse(elsewhere.matches("(?s).*(https?:)?//[a-z0-9.-]+\\.[a-z]{2}.*"), path);
      assertFalse(elsewhere.matches("(?s).*(<script>| on[a-z]+=\"| style=\"|innerHTML).*"), path);
    }
    // What the pages ask for is behind the key.
    assertEquals(401, client.get("/info").statusCode());
  }

  @Test
  void pagesUseOnlyWhatIsServed() throws Exception {
    Set<String> served = new TreeSet<>(pages());
    server.endpoints().forEach(endpoint -> served.add(endpoint.path()));
    Set<String> asked = new TreeSet<>();
    for (String path : pages()) {
      String text = client.get(path).body();
      List<String> used = new ArrayList<>();
      if (path.endsWith(".js")) {
        ROUTE.matcher(text).results().forEach(found -> used.add(found.group(1)));
        asked.addAll(used);
        IMPORT.matcher(text).results().forEach(found -> used.add("/page/" + found.group(1)));
      } else if (!path.endsWith(".css")) {
        LINK.matcher(text)
            .results()
            .map(found -> found.group(1))
            .filter(link -> !link.startsWith("data:"))
            .forEach(used::add);
      }
      assertTrue(served.containsAll(used), path + " uses " + used);
    }
    assertTrue(asked.containsAll(List.of("/info", "/generate", "/openapi.json")), "" + asked);
  }

  @Test
  void everyTaskIsOnThePage() throws Exception {
    Matcher names =
        Pattern.compile("  name: '([a-z-]+)',").matcher(client.get("/page/tasks.js").body());
    Set<String> shown = names.results().map(found -> found.group(1)).collect(Collectors.toSet());
    for (Task task : Task.values()) {
      assertTrue(shown.contains(task.label()), task.label());
    }
  }

  @Test
  void attentionIsAShareOfEveryToken() throws Exception {
    try (MegaBertServer open = TestServers.demo(Limits.DEFAULT);
        Client other = new Client(open)) {
      JsonNode last = other.answer("/attention", "{\"inputs\":\"a dog barks\"}");
      int layers = last.get("layers").intValue();
      assertEquals(layers - 1, last.get("layer").intValue());
      int tokens = last.get("tokens").size();
      assertEquals("[CLS]", last.get("tokens").get(0).stringValue());
      assertEquals(4, last.get("attention").size());
      for (JsonNode head : last.get("attention")) {
        assertEquals(tokens, head.size());
        for (JsonNode query : head) {
          assertEquals(tokens, query.size());
          double sum = 0;
          for (JsonNode share : query) {
            sum += share.doubleValue();
          }
          assertEquals(1, sum, 1e-5);
        }
      }
      String layer = "{\"inputs\":\"a dog barks\",\"parameters\":{\"layer\":";
      JsonNode first = other.answer("/attention", layer + 0 + "}}");
      assertFalse(first.get("attention").equals(last.get("attention")));
      assertEquals(
          last.get("attention"),
          other.answer("/attention", layer + (layers - 1) + "}}").get("attention"));
      assertEquals(422, other.post("/attention", layer + layers + "}}").statusCode());
      String text = "{\"inputs\":\"" + "a ".repeat(AttentionTask.MOST_TOKENS) + "\"}";
      HttpResponse<String> tooLong = other.post("/attention", text);
      assertEquals(422, tooLong.statusCode());
      assertTrue(tooLong.body().contains("attention is given for at most 128"), tooLong.body());
    }
  }
}
