// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What a server does with more than it can serve. A batch that waits long for others, or a body
 * whose end has not come, holds a request for as long as a test needs.
 */
class LimitsTest {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final String BODY = "{\"inputs\":\"a dog\"}";

  private static Socket open(MegaBertServer server) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(60_000);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(US_ASCII));
    socket.getOutputStream().flush();
  }

  private static String post(String path, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  @Test
  void aFullQueueRefusesAndAHangUpFreesItsPlace() throws Exception {
    Limits limits =
        Limits.DEFAULT.withTexts(2).withQueue(2).withBatches(4096, LONG).withDrain(Duration.ZERO);
    try (MegaBertServer server = TestServers.demo(limits);
        Client client = new Client(server)) {
      Socket waiting = open(server);
      send(waiting, post("/embed", BODY));
      client.awaitMetric("megabert_queue_texts{model=\"demo\"} 1.0");
      // One place is left, for one text.
      HttpResponse<String> refused = client.post("/embed", "{\"inputs\":[\"a\",\"b\"]}");
      assertEquals(429, refused.statusCode());
      assertEquals("1", refused.headers().firstValue("Retry-After").orElse(""));
      assertTrue(refused.body().contains("\"error_type\":\"Overloaded\""), refused.body());
      HttpResponse<String> openAi = client.post("/v1/embeddings", "{\"input\":[\"a\",\"b\"]}");
      assertEquals(429, openAi.statusCode());
      assertTrue(openAi.body().contains("\"type\":\"rate_limit_error\""), openAi.body());
      waiting.close();
      client.awaitMetric("megabert_queue_texts{model=\"demo\"} 0.0");
      client.awaitMetric("megabert_requests_seconds_count{route=\"/embed\",status=\"499\"} 1");
    }
  }

  @Test
  void aRequestWithoutAnAnswerAtItsDeadlineIsRefused() throws Exception {
    Limits limits =
        Limits.DEFAULT
            .withBatches(4096, LONG)
            .withDeadline(Duration.ofMillis(300))
            .withDrain(Duration.ZERO);
    try (MegaBertServer server = TestServers.demo(limits);
        Client client = new Client(server)) {
      HttpResponse<String> late = client.post("/embed", BODY);
      assertEquals(503, late.statusCode());
      assertTrue(late.body().contains("no answer within 300 ms"), late.body());
      client.awaitMetric("megabert_queue_texts{model=\"demo\"} 0.0");
    }
  }

  @Test
  void aServerThatStopsAnswersWhatItHasAndSendsOthersElsewhere() throws Exception {
    MegaBertServer server = TestServers.demo(Limits.DEFAULT);
    try (Client client = new Client(server);
        Socket held = open(server);
        Socket idle = open(server)) {
      server.awaitReady();
      // A connection from before, so that it is there when no others are taken.
      send(idle, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
      assertTrue(idle.getInputStream().read() > 0);
      String request = post("/embed", BODY);
      int half = request.length() - BODY.length() / 2;
      send(held, request.substring(0, half));
      client.awaitMetric("megabert_requests_active 2.0");
      Thread closing = Thread.ofPlatform().start(server::close);
      client.await(() -> client.get("/health").statusCode() == 503);
      assertFalse(server.isReady());
      HttpResponse<String> other = client.post("/embed", BODY);
      assertEquals(503, other.statusCode());
      assertTrue(other.body().contains("the server stops"), other.body());
      send(held, request.substring(half));
      byte[] first = held.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 200", new String(first, US_ASCII));
      closing.join();
      server.awaitClosed();
    }
  }

  @Test
  void modelsThatCannotBeWarmedAreToldToWhoWaits() throws Exception {
    MegaBert bert = MegaBert.demo();
    bert.close();
    try (MegaBertServer server = MegaBertServer.start(Map.of("demo", bert), TestServers.OPTIONS)) {
      IllegalStateException cold = assertThrows(IllegalStateException.class, server::awaitReady);
      assertTrue(
          String.valueOf(cold.getMessage()).startsWith("the models cannot be warmed: "),
          cold.getMessage());
      assertFalse(server.isReady());
    }
  }

  @Test
  void anApiKeyIsAskedForExceptByHealth() throws Exception {
    ServerOptions options = TestServers.OPTIONS.withApiKey(ApiKey.of("s3cret"));
    try (MegaBertServer server = TestServers.demo(options);
        Client client = new Client(server)) {
      for (String path : new String[] {"/embed", "/v1/embeddings"}) {
        HttpResponse<String> without = client.post(path, BODY);
        assertEquals(401, without.statusCode());
        assertEquals("Bearer", without.headers().firstValue("WWW-Authenticate").orElse(""));
        assertFalse(without.body().contains("s3cret"));
      }
      for (String shown :
          new String[] {"Bearer s3cre", "Bearer s3cret2", "s3cret", "Basic s3cret"}) {
        assertEquals(
            401,
            client
                .send(client.request("/info").header("Authorization", shown).build())
                .statusCode(),
            shown);
      }
      assertEquals(401, client.get("/metrics").statusCode());
      for (String shown : new String[] {"Bearer s3cret", "bearer  s3cret "}) {
        assertEquals(
            200,
            client
                .send(client.request("/info").header("Authorization", shown).build())
                .statusCode());
      }
      server.awaitReady();
      assertEquals(200, client.get("/health").statusCode());
      assertFalse(options.toString().contains("s3cret"));
    }
  }

  @Test
  void aSlowOrHalfRequestHoldsNobodyElse() throws Exception {
    try (MegaBertServer server = TestServers.demo(Limits.DEFAULT);
        Client client = new Client(server);
        Socket half = open(server);
        Socket headers = open(server);
        Socket silent = open(server)) {
      server.awaitReady();
      send(half, post("/embed", BODY).substring(0, 100));
      send(headers, "POST /embed HTTP/1.1\r\nHost: a\r\nX-");
      assertEquals(200, client.post("/embed", BODY).statusCode());
      // Half of a body and then the end: no answer, and no place taken.
      half.shutdownOutput();
      half.getInputStream().readAllBytes();
      client.awaitMetric("megabert_requests_active 1.0");
      silent.shutdownOutput();
      assertEquals(0, silent.getInputStream().readAllBytes().length);
      // One that goes on late has its answer.
      send(headers, "a: b\r\nContent-Length: " + BODY.length());
      send(headers, "\r\nContent-Type: application/json\r\n\r\n" + BODY);
      byte[] first = headers.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 200", new String(first, US_ASCII));
    }
  }

  @Test
  void aServerWhosePortIsTakenSaysSoAndClosesItsModels() throws Exception {
    try (MegaBertServer server = TestServers.demo(Limits.DEFAULT)) {
      MegaBert bert = MegaBert.demo();
      String said = "";
      try {
        MegaBertServer.start(Map.of("demo", bert), TestServers.OPTIONS.withPort(server.port()))
            .close();
      } catch (IllegalStateException taken) {
        said = taken.getMessage();
      }
      assertTrue(
          said.startsWith("no server can listen at 127.0.0.1:" + server.port() + ": "),
          "said " + said);
      String closed = "";
      try {
        bert.fillMask().apply("[MASK]");
      } catch (IllegalStateException failure) {
        closed = failure.getMessage();
      }
      assertTrue(closed.contains("closed"), closed);
    }
  }
}
