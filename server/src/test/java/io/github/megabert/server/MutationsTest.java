// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Requests that went wrong on their way: every one has an answer of a few known statuses or a
 * closed connection, none a stack trace, and none takes a place for ever.
 */
class MutationsTest {
  private static final List<String> BODIES =
      List.of(
          "/embed {\"inputs\":[\"a dog\",\"a cat\"],\"normalize\":true,\"truncate\":false}",
          "/v1/embeddings {\"input\":\"a dog\",\"model\":\"demo\",\"encoding_format\":\"base64\"}",
          "/fill-mask {\"inputs\":\"a [MASK].\",\"parameters\":{\"top_k\":2,\"targets\":[\"dog\"]}}",
          "/similarity {\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[\"b\",\"c\"]}}",
          "/next-sentence {\"inputs\":[\"a dog.\",\"it barks.\"]}",
          "/generate {\"inputs\":\"a\",\"stream\":true,\"parameters\":{\"max_new_tokens\":2}}",
          "/tokenize {\"inputs\":\"d\\u00f6g \\ud83d\\udc15\",\"add_special_tokens\":false}",
          "/decode {\"ids\":[[5,6],[7]],\"skip_special_tokens\":true}",
          "/embed_all {\"inputs\":\"a dog\"}");

  /** What is put into requests. */
  private static final List<String> PIECES =
      List.of(
          "\"",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "null",
          "-1",
          "1e999",
          "99999999999999999999",
          "\\u0000",
          "\\ud800",
          "\u0000",
          "\r\n",
          "\r\n\r\n",
          "%2e%2e/",
          "../",
          "Transfer-Encoding: chunked\r\n",
          "Content-Length: 5\r\n",
          "Expect: 100-continue\r\n",
          "[".repeat(300),
          "a".repeat(3000));

  private static final int COUNT = 1000;

  private static MegaBertServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    server = TestServers.demo(Limits.DEFAULT.withBodyBytes(20_000));
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  /** A request, and whether nothing is wrong with it. */
  private record Sent(String text, boolean isIntact) {}

  private static Sent request(Random random) {
    String one = BODIES.get(random.nextInt(BODIES.size()));
    int space = one.indexOf(' ');
    String body = one.substring(space + 1);
    boolean otherBody = random.nextInt(3) > 0;
    if (otherBody) {
      body = mutated(body, random);
    }
    String request =
        "POST "
            + one.substring(0, space)
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Connection: close\r\nContent-Length: "
            + body.getBytes(ISO_8859_1).length
            + "\r\n\r\n"
            + body;
    boolean otherRequest = random.nextInt(3) == 0;
    return new Sent(otherRequest ? mutated(request, random) : request, !otherBody && !otherRequest);
  }

  private static String mutated(String text, Random random) {
    StringBuilder all = new StringBuilder(text);
    for (int n = random.nextInt(4); n >= 0 && all.length() > 1; n--) {
      int at = random.nextInt(all.length());
      switch (random.nextInt(5)) {
        case 0 -> all.setCharAt(at, (char) random.nextInt(256));
        case 1 -> all.deleteCharAt(at);
        case 2 -> all.insert(at, PIECES.get(random.nextInt(PIECES.size())));
        case 3 -> all.delete(at, Math.min(all.length(), at + random.nextInt(30)));
        default -> all.insert(at, all.substring(at, Math.min(all.length(), at + 20)));
      }
    }
    return all.toString();
  }

  /**
   * All that the server says until it closes the connection. A request that may lack its end is
   * followed by the connection's.
   */
  private static String answer(Sent request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(30_000);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      try {
        socket.getOutputStream().write(request.text().getBytes(ISO_8859_1));
        if (!request.isIntact()) {
          socket.shutdownOutput();
        }
        socket.getInputStream().transferTo(all);
      } catch (SocketException closed) {
        // The server was done with it before the client.
      }
      return all.toString(UTF_8);
    }
  }

  @Test
  void everyRequestHasItsEnd() throws Exception {
    long seed = Long.getLong("megabert.test.seed", 20261128);
    Random random = new Random(seed);
    int intact = 0;
    for (int i = 0; i < COUNT; i++) {
      Sent request = request(random);
      String answer = answer(request);
      String where = "seed " + seed + ", request " + i + ":\n" + request.text() + "\n" + answer;
      if (request.isIntact()) {
        intact++;
        assertTrue(answer.startsWith("HTTP/1.1 200 "), where);
      } else if (!answer.isEmpty()) {
        assertTrue(
            answer.matches("(?s)HTTP/1\\.1 (100|200|400|404|405|408|413|415|417|422|505) .*"),
            where);
      }
      for (String trace : List.of("Exception", "\tat ", ".java:", "io.github", "io.helidon")) {
        assertFalse(answer.contains(trace), where);
      }
    }
    assertTrue(intact > 10, intact + " requests went through as they were");
    assertEquals(200, client.post("/embed", "{\"inputs\":\"a dog\"}").statusCode());
    client.awaitMetric("megabert_requests_active 1.0");
    client.awaitMetric("megabert_queue_texts{model=\"demo\"} 0.0");
  }
}
