// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sends requests as any program does. */
final class Client implements AutoCloseable {
  private static final Duration LONG = Duration.ofSeconds(50);

  private final HttpClient http = HttpClient.newHttpClient();
  private final String base;

  Client(MegaBertServer server) {
    this(server.port());
  }

  Client(int port) {
    base = "http://127.0.0.1:" + port;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(60));
  }

  HttpRequest json(String path, String body) {
    return request(path)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return send(json(path, body));
  }

  /** The JSON answer of a request that succeeds. */
  JsonNode answer(String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response = post(path, body);
    assertEquals(200, response.statusCode(), response.body());
    return JsonMapper.shared().readTree(response.body());
  }

  /** What a test waits for. */
  interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  /** Looks until a condition holds, which it does soon. */
  void await(Condition condition) throws IOException, InterruptedException {
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, "it never came");
      Thread.sleep(10);
    }
  }

  /** Looks until the meters have that line. */
  void awaitMetric(String line) throws IOException, InterruptedException {
    await(() -> get("/metrics").body().contains(line + "\n"));
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
