// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.cli.option.ComputeOptions;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.server.ApiKey;
import io.github.megabert.server.Limits;
import io.github.megabert.server.MegaBertServer;
import io.github.megabert.server.ServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The server of {@code megabert serve}, from the opening of its models to the end. */
public final class ServeRun {
  /** The environment's name of the key. */
  private static final String KEY = "MEGABERT_API_KEY";

  /** The longest file of a key, in bytes. */
  private static final int KEY_BYTES = 4096;

  /** Kept, so that what is set for it stays set. */
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  private final String host;
  private final int port;
  private final ServeLimits limits;
  private final boolean logsAccess;

  ServeRun(String host, int port, ServeLimits limits, boolean logsAccess) {
    this.host = host;
    this.port = port;
    this.limits = limits;
    this.logsAccess = logsAccess;
  }

  /** Serves until the process is told to end. */
  int run(Map<String, Optional<Path>> paths, ComputeOptions compute, Optional<Path> keyFile)
      throws IOException, InterruptedException {
    HELIDON.setLevel(Level.WARNING);
    WrongUsage.unless(port <= 0xffff, "--port " + port + " is none; ports end at 65535");
    ServerOptions options =
        new ServerOptions(host, port, key(keyFile, System.getenv(KEY)), limits(limits), this::log);
    MegaBertServer server = MegaBertServer.start(open(paths, compute), options);
    AtomicBoolean told = new AtomicBoolean();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  told.set(true);
                  server.close();
                },
                "megabert-drain"));
    say("serving " + String.join(", ", paths.keySet()) + " at http://" + authority(server.port()));
    if (options.apiKey() == null && !isLoopback()) {
      say("whoever reaches " + host + " may use it: no API key is asked for (--api-key-file)");
    }
    try {
      server.awaitReady();
      say("ready");
    } catch (IllegalStateException cold) {
      if (!told.get()) {
        server.close();
        throw cold;
      }
    }
    server.awaitClosed();
    return 0;
  }

  /**
   * What the options say.
   *
   * @throws WrongUsage if they contradict each other
   */
  public static Limits limits(ServeLimits limits) {
    WrongUsage.unless(
        limits.texts <= limits.queue,
        "--max-texts "
            + limits.texts
            + " would never fit into --queue "
            + limits.queue
            + "; take fewer texts or a longer queue");
    return new Limits(
        limits.body,
        limits.texts,
        limits.tokens,
        limits.truncate,
        limits.queue,
        limits.batchTokens,
        Duration.ofMillis(limits.batchWait),
        Duration.ofSeconds(limits.deadline),
        Duration.ofSeconds(limits.drain),
        limits.connections,
        limits.generations,
        Limits.DEFAULT.clientTime());
  }

  private String authority(int bound) {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + bound;
  }

  private static void say(String sentence) {
    System.err.println("megabert: " + sentence);
  }

  private void log(String line) {
    if (logsAccess) {
      System.out.println(line);
      System.out.flush();
    }
  }

  private boolean isLoopback() throws UnknownHostException {
    return InetAddress.getByName(host).isLoopbackAddress();
  }

  /**
   * What clients have to show, or null for nothing.
   *
   * @param variable what the environment has, unless a file is named
   * @throws IllegalArgumentException if the file or the variable is there and holds no key
   */
  public static @Nullable ApiKey key(Optional<Path> file, @Nullable String variable)
      throws IOException {
    if (file.isEmpty()) {
      return variable == null ? null : named(KEY, variable);
    }
    if (Files.size(file.get()) > KEY_BYTES) {
      throw new IllegalArgumentException(
          file.get() + " is longer than a key is, which has at most " + KEY_BYTES + " bytes");
    }
    return named(file.get().toString(), Files.readString(file.get()));
  }

  private static ApiKey named(String where, String text) {
    try {
      return ApiKey.of(text.strip());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
    }
  }

  private static Map<String, MegaBert> open(
      Map<String, Optional<Path>> paths, ComputeOptions compute) throws IOException {
    Map<String, MegaBert> models = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Optional<Path>> path : paths.entrySet()) {
        MegaBertBuilder builder = MegaBert.builder();
        compute.apply(builder, Integer.MAX_VALUE);
        Optional<Path> folder = path.getValue();
        MegaBert bert = folder.isEmpty() ? builder.demo() : builder.load(Hub.locate(folder.get()));
        models.put(path.getKey(), bert);
        compute.requireUsedBy(bert.backend());
        // Says so now, rather than at every request.
        var _ = bert.tokenizer();
      }
      return models;
    } catch (IOException | RuntimeException failure) {
      models.values().forEach(MegaBert::close);
      throw failure;
    }
  }
}
