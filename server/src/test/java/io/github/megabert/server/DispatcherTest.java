// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.helidon.webserver.WebServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Failures of the server's own while an answer is written: no client takes a part for the whole.
 */
class DispatcherTest {
  /** Far more than all buffers hold. */
  private static final int MANY = 1_000_000;

  private static final Meters METERS = new Meters();

  private static Dispatcher dispatcher;
  private static WebServer web;
  private static Client client;

  @BeforeAll
  static void start() {
    dispatcher =
        new Dispatcher(
            List.of(
                Endpoint.get("/few", (body, call) -> numbers(1)),
                Endpoint.get("/many", (body, call) -> numbers(MANY)),
                Endpoint.get("/numbers-without-end", (body, call) -> numbers(Integer.MAX_VALUE)),
                Endpoint.get("/events-without-end", (body, call) -> events(Integer.MAX_VALUE)),
                Endpoint.get("/no-event", (body, call) -> events(0)),
                Endpoint.get("/event", (body, call) -> events(1))),
            TestServers.OPTIONS,
            METERS);
    web = MegaBertServer.web(TestServers.OPTIONS, dispatcher).start();
    client = new Client(web.port());
  }

  @AfterAll
  static void stop() {
    client.close();
    web.stop();
    METERS.close();
  }

  private static Answer numbers(int count) {
    return new Answer.Written(
        json -> {
          json.writeStartArray();
          for (int i = 0; i < count; i++) {
            json.writeNumber(i);
          }
          throw new IllegalArgumentException("a secret");
        });
  }

  private static Answer events(int count) {
    return new Answer.Events(
        events -> {
          for (int i = 0; i < count; i++) {
            events.send(JsonNodeFactory.instance.numberNode(i));
          }
          throw new IllegalStateException("a secret");
        });
  }

  private static void assertCounted(String path, int status) throws Exception {
    client.await(() -> dispatcher.active() == 0);
    String line =
        "megabert_requests_seconds_count{route=\"" + path + "\",status=\"" + status + "\"} 1\n";
    assertTrue(METERS.text().contains(line), METERS.text());
  }

  @Test
  void aFailureBeforeTheFirstByteIsTold() throws Exception {
    for (String path : List.of("/few", "/no-event")) {
      HttpResponse<String> response = client.get(path);
      assertEquals(500, response.statusCode(), response.body());
      assertEquals(
          "{\"error\":\"the server failed; its log says why\",\"error_type\":\"Backend\"}",
          response.body());
      assertEquals("application/json", response.headers().firstValue("Content-Type").orElse(""));
      assertCounted(path, 500);
    }
  }

  @Test
  void aFailureAfterItBreaksTheConnectionOff() throws Exception {
    for (String path : List.of("/many", "/event")) {
      assertThrows(IOException.class, () -> client.get(path), path);
      assertCounted(path, 500);
    }
  }

  @Test
  void aClientThatGoesIsNoFailureOfTheServers() throws Exception {
    for (String path : List.of("/numbers-without-end", "/events-without-end")) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), web.port())) {
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(US_ASCII));
        assertEquals("HTTP/1.1 200", new String(socket.getInputStream().readNBytes(12), US_ASCII));
      }
      assertCounted(path, 499);
    }
  }
}
