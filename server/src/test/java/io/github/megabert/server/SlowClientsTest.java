// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Clients that are slower than they may be, however steadily they send, and a server that ends
 * before it has begun. The server's time for a part of a request is short here.
 */
class SlowClientsTest {
  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final String BODY = "{\"inputs\":\"a dog\"}";
  private static final int MANY = 100;

  private static MegaBertServer server;
  private static Client client;

  @BeforeAll
  static void start() throws InterruptedException {
    server = TestServers.demo(Limits.DEFAULT.withClientTime(SHORT).withBodyBytes(10_000));
    client = new Client(server);
    server.awaitReady();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static Socket open() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(60_000);
    return socket;
  }

  private static String head(int length) {
    return "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
        + length
        + "\r\n\r\n";
  }

  /** Sends a byte now and then, for as long as the other side takes it, and gives what it says. */
  private static String drip(String begin, String then) throws Exception {
    ByteArrayOutputStream came = new ByteArrayOutputStream();
    try (Socket socket = open()) {
      socket.getOutputStream().write(begin.getBytes(US_ASCII));
      try {
        for (int i = 0; socket.getInputStream().available() == 0; i++) {
          socket.getOutputStream().write(then.charAt(i % then.length()));
          Thread.sleep(20);
        }
        socket.getInputStream().transferTo(came);
      } catch (SocketException doneFirst) {
        // The server was done before the client; what it said may still be here.
        readRest(socket, came);
      }
    }
    return came.toString(US_ASCII);
  }

  private static void readRest(Socket socket, ByteArrayOutputStream came) throws IOException {
    try {
      socket.getInputStream().transferTo(came);
    } catch (SocketException reset) {
      // What came before it is kept.
    }
  }

  @Test
  void headersThatNeverEndAreCutOffThoughBytesCome() throws Exception {
    assertEquals("", drip("POST /embed HTTP/1.1\r\nHost: a\r\nX: ", "a"));
    client.awaitMetric("megabert_requests_active 1.0");
  }

  @Test
  void aBodyThatComesTooSlowlyIsRefusedThoughBytesCome() throws Exception {
    String answer = drip(head(5000), " ");
    assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
    assertTrue(answer.contains("the body did not come within " + SHORT.toSeconds() + " s"), answer);
    client.awaitMetric("megabert_requests_active 1.0");
  }

  @Test
  void manyHalfOpenConnectionsHoldNobody() throws Exception {
    List<Socket> all = new ArrayList<>();
    try {
      for (int i = 0; i < MANY; i++) {
        Socket socket = open();
        all.add(socket);
        socket.getOutputStream().write((head(BODY.length()) + "{").getBytes(US_ASCII));
      }
      assertEquals(200, client.post("/embed", BODY).statusCode());
      for (Socket socket : all) {
        byte[] first = socket.getInputStream().readNBytes(12);
        assertEquals("HTTP/1.1 408", new String(first, US_ASCII));
      }
    } finally {
      for (Socket socket : all) {
        socket.close();
      }
    }
    client.awaitMetric("megabert_requests_active 1.0");
    assertEquals(200, client.post("/embed", BODY).statusCode());
  }

  @Test
  void aGiantBodyIsRefusedBeforeItIsRead() throws Exception {
    try (Socket socket = open()) {
      socket.getOutputStream().write(head(Integer.MAX_VALUE).getBytes(US_ASCII));
      byte[] first = socket.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 413", new String(first, US_ASCII));
    }
    assertEquals(413, client.post("/embed", " ".repeat(10_001)).statusCode());
  }

  @Test
  void aServerThatIsClosedBeforeItIsWarmTellsWhoWaits() throws Exception {
    // Nobody warms it: only start does.
    MegaBertServer early =
        new MegaBertServer(
            Map.of("demo", MegaBert.demo()),
            TestServers.OPTIONS.withLimits(Limits.DEFAULT.withDrain(Duration.ZERO)));
    early.listen();
    assertFalse(early.isReady());
    early.close();
    IllegalStateException closed = assertThrows(IllegalStateException.class, early::awaitReady);
    assertEquals("the server was closed before its models were warm", closed.getMessage());
    early.awaitClosed();
  }

  @Test
  void aPortThatIsTakenMeanwhileIsNoticed() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        MegaBertServer late =
            new MegaBertServer(
                Map.of("demo", MegaBert.demo()),
                TestServers.OPTIONS.withPort(other.getLocalPort()))) {
      IOException taken = assertThrows(IOException.class, late::listen);
      assertEquals("the port was taken meanwhile", taken.getMessage());
    }
  }
}
