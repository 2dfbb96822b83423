// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A hub of one model, which a test makes misbehave, and what is to be seen after a pull. */
abstract class PullTestBed {
  static final String WEIGHTS = "model.safetensors";

  final HubServer server = new HubServer();
  final byte[] weights = new byte[100_000];
  final AtomicInteger calls = new AtomicInteger();

  @TempDir Path folder;

  @BeforeEach
  void fill() {
    new Random(2).nextBytes(weights);
    server.file("config.json", "{\"a\": 1}").file(WEIGHTS, weights);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  Hub hub() {
    return hub(server.address(), HubTest.QUICK);
  }

  Hub hub(URI address, Patience patience) {
    return new Hub(
        new HubSettings(address, null, folder.resolve("hub"), false), patience, HubCache.SYMBOLIC);
  }

  Path blobs() {
    return folder.resolve("hub/models--org--model/blobs");
  }

  Path partial() {
    return blobs().resolve(HubServer.sha256(weights) + ".megabert.incomplete");
  }

  /** A pull that succeeds, with the right weights. */
  void succeeds() throws IOException {
    PulledModel pulled = hub().pull(HubTest.MODEL);
    assertArrayEquals(weights, Files.readAllBytes(pulled.folder().resolve(WEIGHTS)));
    try (Stream<Path> left = Files.list(blobs())) {
      assertEquals(2, left.count(), "nothing incomplete is left");
    }
  }

  /** A pull that is refused in one sentence, and after which the model is not there. */
  void refused(String sentence) throws IOException {
    refused(hub(), sentence);
  }

  void refused(Hub hub, String sentence) throws IOException {
    String message = assertThrows(HubException.class, () -> hub.pull(HubTest.MODEL)).getMessage();
    assertTrue(message.contains(sentence), message);
    assertFalse(message.contains("\n"), message);
    assertEquals(Optional.empty(), hub.cached(HubTest.MODEL));
    try (Stream<Path> all = Files.walk(folder)) {
      Path hubFolder = folder.resolve("hub");
      assertEquals(
          List.of(),
          all.filter(file -> !file.equals(folder) && !file.startsWith(hubFolder)).toList());
    }
  }

  List<String> ranges() {
    return server.requests().stream()
        .filter(request -> !request.isAtHub())
        .map(HubServer.Request::range)
        .toList();
  }

  static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
