// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code megabert serve}, in a process of its own. */
class ServeCommandTest {
  private static final Pattern ADDRESS = Pattern.compile("at (http://127\\.0\\.0\\.1:\\d+)");

  @TempDir private static Path folder;

  private record Served(Process process, Path out, Path err, String address) {}

  private static Served serve(String... options) throws IOException, InterruptedException {
    String[] arguments = new String[options.length + 3];
    arguments[0] = "serve";
    arguments[1] = "--port";
    arguments[2] = "0";
    System.arraycopy(options, 0, arguments, 3, options.length);
    Path out = Files.createTempFile(folder, "serve", ".out");
    Path err = Files.createTempFile(folder, "serve", ".err");
    Process process =
        new ProcessBuilder(Run.java(List.of("--add-modules", "jdk.incubator.vector"), arguments))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    Run.await("the server", () -> read(err).contains("megabert: ready") || !process.isAlive());
    Matcher address = ADDRESS.matcher(read(err));
    assertTrue(address.find(), read(err));
    return new Served(process, out, err, address.group(1));
  }

  private static String read(Path file) {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      return String.join("\n", reader.lines().toList());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static HttpResponse<String> post(Served served, String path, String body, String key)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(served.address() + path))
            .header("Content-Type", "application/json")
            .header("Authorization", "Bearer " + key)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no signal to end by")
  void itServesUntilItIsToldToEnd() throws Exception {
    Path key = folder.resolve("key.txt");
    Files.writeString(key, "a-key\n");
    Served served = serve("--truncate", "--api-key-file", key.toString());
    try {
      String text = "dog ".repeat(400);
      HttpResponse<String> response =
          post(served, "/embed", "{\"inputs\":\"" + text + "\"}", "a-key");
      assertEquals(200, response.statusCode(), response.body());
      assertEquals(401, post(served, "/embed", "{\"inputs\":\"a\"}", "b-key").statusCode());
      served.process().destroy();
      assertTrue(served.process().waitFor(60, TimeUnit.SECONDS));
      // 128 and the number of SIGTERM, as shells have it.
      assertEquals(143, served.process().exitValue(), read(served.err()));
      String log = read(served.out());
      assertEquals(2, log.lines().count(), log);
      assertTrue(log.contains("\"path\":\"/embed\",\"status\":200"), log);
      assertFalse((log + read(served.err())).contains("a-key"));
    } finally {
      served.process().destroyForcibly();
    }
  }

  @Test
  void theLogCanBeLeftOut() throws Exception {
    Served served = serve("--no-access-log", "--model", "small=" + model());
    try {
      String body = "{\"inputs\":\"a [MASK]\",\"model\":\"small\"}";
      assertEquals(200, post(served, "/fill-mask", body, "").statusCode());
      assertTrue(read(served.err()).contains("serving small at"), read(served.err()));
      assertEquals("", read(served.out()));
    } finally {
      served.process().destroyForcibly();
    }
  }

  private static String model() {
    return Path.of(
            "..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo")
        .toString();
  }
}
