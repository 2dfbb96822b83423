// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code megabert pull} and {@code --model ORG/NAME}, in processes with an environment. */
class PullCommandTest {
  private static final List<String> FLAGS =
      List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");
  private static final Path MODEL =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers")
          .resolve("MegatronBertForPreTraining");
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final List<String> FILES = List.of("config.json", "model.safetensors");

  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private HttpServer hub;

  @TempDir private Path folder;

  @BeforeEach
  void start() throws IOException {
    hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    hub.createContext("/", this::answer);
    hub.start();
  }

  @AfterEach
  void stop() {
    hub.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    requests.add(exchange.getRequestMethod() + " " + path);
    byte[] body;
    if (path.equals("/api/models/org/model/revision/v1")) {
      body =
          ("{\"sha\": \""
                  + COMMIT
                  + "\", \"siblings\": [{\"rfilename\": \"config.json\"}, {\"rfilename\":"
                  + " \"model.safetensors\"}, {\"rfilename\": \"flax_model.msgpack\"}]}")
              .getBytes(StandardCharsets.UTF_8);
    } else if (path.startsWith("/org/model/resolve/" + COMMIT + "/")) {
      body = Files.readAllBytes(MODEL.resolve(path.substring(path.lastIndexOf('/') + 1)));
      exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
      exchange.getResponseHeaders().set("ETag", "\"" + sha256(body) + "\"");
    } else {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    try (exchange) {
      boolean isHead = exchange.getRequestMethod().equals("HEAD");
      if (isHead) {
        exchange.getResponseHeaders().set("Content-Length", "" + body.length);
      }
      exchange.sendResponseHeaders(200, isHead ? -1 : body.length);
      if (!isHead) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private Run run(String... arguments) throws IOException {
    return Run.start(
        folder,
        Map.of(
            "HF_ENDPOINT",
            "http://localhost:" + hub.getAddress().getPort(),
            "HF_HOME",
            folder.resolve("hf").toString()),
        Run.java(FLAGS, arguments));
  }

  @Test
  void aPulledModelIsKnownByItsName() throws Exception {
    Run missing = run("inspect", "org/model");
    assertEquals(1, missing.exitCode());
    assertTrue(
        missing
            .err()
            .contains(
                "megabert: there is no folder org/model, and no such model in the cache "
                    + folder.resolve("hf/hub")
                    + "; megabert pull org/model (MegaBertBuilder.pull) fetches it"),
        missing.err());
    assertEquals(List.of(), requests);

    Path snapshot = folder.resolve("hf/hub/models--org--model/snapshots").resolve(COMMIT);
    Run pulled = run("pull", "org/model", "--revision", "v1");
    assertEquals(snapshot.toString(), pulled.succeed().strip());
    assertTrue(pulled.err().contains("megabert: org/model, 2 files, "), pulled.err());
    assertEquals(5, requests.size());

    Path copy = folder.resolve("copy");
    String again =
        run("pull", "org/model", "--revision", "v1", "--output", copy.toString(), "--json")
            .succeed();
    JsonNode json = JsonMapper.shared().readTree(again);
    assertEquals("org/model", json.get("model").stringValue());
    assertEquals("v1", json.get("revision").stringValue());
    assertEquals(COMMIT, json.get("commit").stringValue());
    assertEquals(copy.toString(), json.get("folder").stringValue());
    assertEquals(0, json.get("fetched_bytes").intValue());
    assertEquals(FILES.size(), json.get("files").size());
    for (String file : FILES) {
      assertEquals(-1, Files.mismatch(MODEL.resolve(file), copy.resolve(file)));
    }
    assertEquals(6, requests.size());

    // Without a revision main is meant, which was not pulled.
    assertEquals(1, run("inspect", "org/model").exitCode());
    Files.writeString(folder.resolve("hf/hub/models--org--model/refs/main"), COMMIT + "\n");
    assertTrue(run("inspect", "org/model").succeed().contains("MegatronBertForPreTraining"));
    assertEquals(6, requests.size());
  }

  @Test
  void whatCannotBePulledIsSaidInASentence() throws Exception {
    Run unknown = run("pull", "org/other");
    assertEquals(1, unknown.exitCode());
    assertTrue(
        unknown
            .err()
            .contains(
                "megabert: revision 'main' of org/other does not exist; are its name and the"
                    + " revision right?"),
        unknown.err());
    Terminal name = Terminal.run("pull", "bert-base-uncased");
    assertEquals(2, name.exitCode());
    assertTrue(name.err().contains("ORGANIZATION/NAME is expected"), name.err());
    Terminal output = Terminal.run("pull", "org/model", "--output", MODEL + "/config.json");
    assertEquals(2, output.exitCode());
    assertTrue(output.err().contains("is not a folder"), output.err());
  }
}
