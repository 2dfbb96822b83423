// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * A server that refuses keeps nothing of what it refused. One text holds its only place for as long
 * as the test needs; {@code benchmarks/serve.sh} measures a server that computes meanwhile.
 */
class FloodTest {
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final int CLIENTS = 8;
  private static final String BODY = "{\"inputs\":\"" + "dog ".repeat(8_000) + "\"}";

  /** Far less than the bodies of a flood have together, which is 64 MB. */
  private static final long BOUND = 4L << 20;

  @Test
  void refusedRequestsLeaveNothingBehind() throws Exception {
    Limits limits =
        Limits.DEFAULT
            .withTexts(1)
            .withQueue(1)
            .withBatches(4096, LONG)
            .withDeadline(LONG)
            .withDrain(Duration.ZERO);
    try (MegaBertServer server = TestServers.demo(limits);
        Client client = new Client(server)) {
      Socket waiting = new Socket(InetAddress.getLoopbackAddress(), server.port());
      waiting
          .getOutputStream()
          .write(
              ("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                      + "Content-Length: 14\r\n\r\n{\"inputs\":\"a\"}")
                  .getBytes(US_ASCII));
      client.awaitMetric("megabert_queue_texts{model=\"demo\"} 1.0");
      flood(client, 400);
      long before = heap();
      flood(client, 2_000);
      long grown = heap() - before;
      // Closed connections of the client are cleaned up in the background.
      for (int i = 0; i < 100 && grown >= BOUND; i++) {
        grown = heap() - before;
      }
      assertTrue(grown < BOUND, grown + " bytes more than before");
      client.awaitMetric("megabert_requests_active 2.0");
      waiting.close();
      client.awaitMetric("megabert_queue_texts{model=\"demo\"} 0.0");
      client.awaitMetric("megabert_requests_seconds_count{route=\"/embed\",status=\"429\"} 2400");
    }
  }

  private static void flood(Client client, int requests) throws Exception {
    Callable<Integer> request = () -> client.post("/embed", BODY).statusCode();
    List<Callable<Integer>> all = Collections.nCopies(requests, request);
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      for (Future<Integer> status : clients.invokeAll(all)) {
        assertEquals(429, status.get());
      }
    }
  }

  /** Bytes of living objects. */
  private static long heap() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(20);
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
