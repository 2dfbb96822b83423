// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Pulls from a hub that lies, refuses, or means ill. */
class MisbehavingHubTest extends PullTestBed {
  @Test
  void contentsAreChecked() throws IOException {
    byte[] other = weights.clone();
    other[77] ^= 1;
    server.etag(WEIGHTS, HubServer.sha256(other));
    refused("came with another content than the hub announced: its hash is");
    assertFalse(Files.exists(partial()));
    server.etag(WEIGHTS, HubServer.sha256(weights));
    server.etag("config.json", HubServer.gitSha1("{\"a\": 2}".getBytes(StandardCharsets.UTF_8)));
    refused("config.json of org/model came with another content");
  }

  @Test
  void moreThanWasAnnouncedIsRefused() throws IOException {
    server.size(WEIGHTS, weights.length - 1);
    refused("the hub sends more than the 99999 bytes that were announced");
  }

  @Test
  void lessThanWasAnnouncedIsRefused() throws IOException {
    server.size(WEIGHTS, weights.length + 1);
    refused("model.safetensors of org/model failed 4 times");
  }

  @Test
  void anEndlessBodyEnds() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          if (!isAtHub) {
            endless(exchange, new byte[1 << 16]);
          }
          return !isAtHub;
        });
    refused("the hub sends more than the 100000 bytes that were announced");
    assertTrue(Files.size(partial()) <= weights.length);
  }

  @Test
  void anEndlessListEnds() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          endless(exchange, " ".repeat(1 << 16).getBytes(StandardCharsets.UTF_8));
          return true;
        });
    refused("the hub's answer is longer than 33554432 bytes");
  }

  private static void endless(HttpExchange exchange, byte[] part) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      while (true) {
        out.write(part);
      }
    } catch (IOException gone) {
      // The client has had enough.
    }
  }

  @Test
  void withoutASizeAFileIsReadToItsEnd() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          if (!path.endsWith("config.json")) {
            return false;
          }
          exchange
              .getResponseHeaders()
              .set("ETag", HubServer.gitSha1("{\"a\": 1}".getBytes(StandardCharsets.UTF_8)));
          exchange.sendResponseHeaders(200, exchange.getRequestMethod().equals("HEAD") ? -1 : 0);
          if (exchange.getRequestMethod().equals("GET")) {
            exchange.getResponseBody().write("{\"a\": 1}".getBytes(StandardCharsets.UTF_8));
          }
          return true;
        });
    succeeds();
  }

  @Test
  void aHubMayNotKnowHead() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          boolean isHead = exchange.getRequestMethod().equals("HEAD");
          if (isHead) {
            exchange.sendResponseHeaders(405, -1);
          }
          return isHead;
        });
    succeeds();
  }

  @Test
  void whoMayNotReadIsTold() throws IOException {
    status(401, null);
    refused(
        "revision 'main' of org/model does not exist, or is read with a token only: set HF_TOKEN"
            + " to one ('Access is restricted, who's there?')");
    Hub hub =
        new Hub(
            new HubSettings(server.address(), "hf_x", folder.resolve("hub"), false),
            HubTest.QUICK,
            HubCache.SYMBOLIC);
    refused(hub, "does not exist, or may not be read with this token");
  }

  @Test
  void nothingOfAHubMovesATerminalsCursor() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          exchange.getResponseHeaders().set("X-Error-Message", "x\u001b[31m");
          HubServer.send(exchange, 404, new byte[0]);
          return true;
        });
    refused("the connection to localhost broke: ");
    String message = assertThrows(HubException.class, () -> hub().pull(HubTest.MODEL)).getMessage();
    assertTrue(message.chars().noneMatch(Character::isISOControl), message);
  }

  @Test
  void whatDoesNotExistIsNamed() throws IOException {
    status(404, null);
    refused("revision 'main' of org/model does not exist; are its name and the revision right?");
    assertEquals(1, server.requests().size());
    server.fault((exchange, path, isAtHub) -> false).name("vocab.txt");
    refused("vocab.txt of org/model does not exist");
  }

  private void status(int status, String retryAfter) {
    server.fault(
        (exchange, path, isAtHub) -> {
          if (retryAfter != null) {
            exchange.getResponseHeaders().set("Retry-After", retryAfter);
          }
          exchange
              .getResponseHeaders()
              .set("X-Error-Message", "Access is restricted, who's there?");
          HubServer.send(exchange, status, "no".getBytes(StandardCharsets.UTF_8));
          return true;
        });
  }

  @Test
  void aBusyHubIsAskedAgainWhenItSays() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          boolean isBusy = calls.getAndIncrement() < 3;
          if (isBusy) {
            exchange.getResponseHeaders().set("Retry-After", calls.get() == 1 ? "1" : "0");
            HubServer.send(exchange, calls.get() == 3 ? 503 : 429, new byte[0]);
          }
          return isBusy;
        });
    long start = System.nanoTime();
    succeeds();
    assertTrue(System.nanoTime() - start >= 1_000_000_000L, "it waits as long as it is told");
  }

  @Test
  void aHubThatStaysBusyIsGivenUp() throws IOException {
    status(429, null);
    refused("failed 4 times: localhost answers with status 429; try again later");
    assertEquals(4, server.requests().size());
    server.forget();
    status(429, "3600");
    refused("the hub asks to wait 3600 s; try again then");
    String hour =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
    status(503, hour);
    refused("the hub asks to wait 3");
    assertEquals(2, server.requests().size());
  }

  @Test
  void anExpiredAddressIsAskedForAgain() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          boolean isExpired = !isAtHub && calls.getAndIncrement() == 0;
          if (isExpired) {
            HubServer.send(exchange, 403, new byte[0]);
          }
          return isExpired;
        });
    succeeds();
  }

  @Test
  void redirectionsAreFollowedAsFarAsTheyAreSafe() throws IOException {
    server.fault((exchange, path, isAtHub) -> redirect(exchange, path, "/api/", "/renamed" + path));
    refused("is redirected more than 10 times");
    server.fault(
        (exchange, path, isAtHub) -> redirect(exchange, path, "/api/", "file:///etc/passwd"));
    refused("is redirected to 'file:///etc/passwd', which is no address that is followed");
    server.fault((exchange, path, isAtHub) -> redirect(exchange, path, "/api/", ""));
    refused("is redirected to ''");
    server.fault(
        (exchange, path, isAtHub) -> {
          // A model that was renamed.
          if (path.equals("/api/models/new/name/revision/main")) {
            return redirect(exchange, path, "/api/", "/api/models/org/model/revision/x");
          }
          return redirect(
              exchange,
              path,
              "/api/models/org/model/revision/main",
              "/api/models/new/name/revision/main");
        });
    succeeds();
  }

  private static boolean redirect(HttpExchange exchange, String path, String from, String to)
      throws IOException {
    if (!path.contains(from)) {
      return false;
    }
    exchange.getResponseHeaders().set("Location", to);
    HubServer.send(exchange, 307, new byte[0]);
    return true;
  }

  @Test
  void aSilentHubIsGivenUp() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Patience patience =
          new Patience(Duration.ofMillis(1), 2, Duration.ofSeconds(5), Duration.ofMillis(200));
      URI address = URI.create("http://localhost:" + silent.getLocalPort());
      refused(
          hub(address, patience),
          "revision 'main' of org/model failed 2 times: localhost says nothing for 0.2 s; try again later");
      assertFalse(Thread.interrupted());
    }
  }

  @Test
  void silenceWithinABodyCountsToo() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          if (isAtHub || calls.getAndIncrement() > 0) {
            return false;
          }
          HubServer.cut(exchange, weights, 0, 30_000);
          sleep(1_500);
          return true;
        });
    Patience patience =
        new Patience(Duration.ofMillis(1), 4, Duration.ofSeconds(5), Duration.ofMillis(300));
    PulledModel pulled = hub(server.address(), patience).pull(HubTest.MODEL);
    assertArrayEquals(weights, Files.readAllBytes(pulled.folder().resolve(WEIGHTS)));
    assertEquals(List.of("", "bytes=30000-"), ranges());
  }

  @Test
  void nobodyThere() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    refused(
        hub(URI.create("http://localhost:" + port), HubTest.QUICK),
        "localhost cannot be reached; is there a network, and is HF_ENDPOINT right?");
  }

  @Test
  void noPathLeavesTheModelsFolder() throws IOException {
    for (String path :
        List.of(
            "../../evil.json",
            "/etc/evil",
            "a/../../evil",
            "..\\evil",
            "C:/evil",
            "1_Pooling/..")) {
      try (HubServer evil = new HubServer().file(WEIGHTS, "w").name(path)) {
        refused(hub(evil.address(), HubTest.QUICK), "which leads out of the model's folder");
        assertEquals(1, evil.requests().size(), path);
      }
    }
    for (String path : List.of("../../x", "/x", "a//b", "nul", "a\\\\b")) {
      try (HubServer evil =
          new HubServer()
              .file(WEIGHTS, "w")
              .file("modules.json", "[{\"path\": \"" + path + "\"}]")) {
        refused(hub(evil.address(), HubTest.QUICK), "which leads out of the model's folder");
      }
    }
    try (HubServer evil =
        new HubServer().file(WEIGHTS + ".index.json", "{\"weight_map\": {\"a\": \"../../x\"}}")) {
      refused(
          hub(evil.address(), HubTest.QUICK),
          "names the shard \"../../x\", which the hub does not list");
    }
    for (String commit : List.of("../../..", "main", "")) {
      try (HubServer evil = new HubServer().file(WEIGHTS, "w").commit(commit)) {
        refused(hub(evil.address(), HubTest.QUICK), "40 hexadecimal digits are expected");
      }
    }
    for (String etag : List.of("../../x", "a/b", "", ".", "a..b", "x".repeat(200))) {
      try (HubServer evil = new HubServer().file(WEIGHTS, "w").etag(WEIGHTS, etag)) {
        refused(hub(evil.address(), HubTest.QUICK), "a hash is expected");
      }
    }
  }

  @Test
  void noNameThatAHubMayDrawLeavesTheModelsFolder() {
    List<String> parts =
        List.of(
            "..",
            "/",
            "//",
            "\\",
            ".",
            "config.json",
            "a",
            ":",
            "C:",
            " ",
            "~",
            "%2e%2e",
            "\u007f");
    RandomInput.check(
        20,
        input -> {
          StringBuilder path = new StringBuilder();
          StringBuilder module = new StringBuilder();
          for (int i = input.between(1, 6); i > 0; i--) {
            path.append(parts.get(input.between(0, parts.size() - 1)));
            module.append(parts.get(input.between(0, parts.size() - 1)));
          }
          String modules = "[{\"path\": \"" + module.toString().replace("\\", "\\\\") + "\"}]";
          try (HubServer evil =
              new HubServer()
                  .file(WEIGHTS, "w")
                  .file("modules.json", modules)
                  .file(module + "/config.json", "{}")
                  .name(path.toString())) {
            hub(evil.address(), HubTest.QUICK).pull(HubTest.MODEL);
          } catch (HubException refused) {
            assertFalse(refused.getMessage().isEmpty());
          }
          try (Stream<Path> all = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("hub")), all.toList());
          }
          try (Stream<Path> all = Files.list(folder.resolve("hub"))) {
            assertEquals(
                List.of(".locks", "models--org--model"),
                all.map(file -> file.getFileName().toString()).sorted().toList());
          }
          try (Stream<Path> all = Files.list(folder.resolve("hub/models--org--model"))) {
            assertEquals(
                List.of("blobs", "refs", "snapshots"),
                all.map(file -> file.getFileName().toString()).sorted().toList());
          }
        });
  }

  @Test
  void answersThatAreNoneAreRefused() throws IOException {
    for (String json :
        List.of("", "[]", "{}", "{\"sha\": 1, \"siblings\": []}", "{\"sha\": \"x\"", "<html>")) {
      server.fault(
          (exchange, path, isAtHub) -> {
            HubServer.send(exchange, 200, json.getBytes(StandardCharsets.UTF_8));
            return true;
          });
      refused("the hub's answer on org/model");
    }
    server.fault(
        (exchange, path, isAtHub) -> {
          if (path.endsWith("config.json")) {
            HubServer.send(exchange, 200, new byte[0]);
          }
          return path.endsWith("config.json");
        });
    refused("comes without an ETag");
    server.fault(
        (exchange, path, isAtHub) -> {
          if (path.endsWith("config.json")) {
            exchange.getResponseHeaders().set("X-Repo-Commit", "f".repeat(40));
            exchange.getResponseHeaders().set("ETag", "x");
            HubServer.send(exchange, 200, new byte[0]);
          }
          return path.endsWith("config.json");
        });
    refused("is of the commit 'ffffffffffffffffffffffffffffffffffffffff' where");
  }
}
