// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.MegaBert;
import io.github.megabert.json.JsonText;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Serves models over HTTP: the routes of text-embeddings-inference, OpenAI's embeddings, and one a
 * task. Texts of all clients share batches.
 *
 * <pre>{@code
 * try (var server = MegaBertServer.start(Map.of("demo", MegaBert.demo()), ServerOptions.DEFAULT)) {
 *   server.awaitReady();
 *   System.out.println(server.port());
 * }
 * }</pre>
 *
 * <p>Thread-safe. Closing it twice is harmless.
 */
public final class MegaBertServer implements AutoCloseable {
  /** Of the server; as in the POM. */
  private static final String VERSION = "0.1.0";

  /** Longest request line, and all header fields together, in bytes. */
  private static final int HEADERS = 8 << 10;

  private static final Duration LOOK = Duration.ofMillis(10);

  private final ServedModels models;
  private final Meters meters;
  private final Dispatcher dispatcher;
  private final WebServer web;
  private final Limits limits;

  /** Open once the models are warm, cannot be warmed or are closed. */
  private final CountDownLatch warm = new CountDownLatch(1);

  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable Throwable cold;
  private boolean closing;

  MegaBertServer(Map<String, MegaBert> berts, ServerOptions options) {
    limits = options.limits();
    meters = new Meters();
    List<ServedModel> served = new ArrayList<>();
    try {
      berts.forEach((name, bert) -> served.add(new ServedModel(name, bert, limits, meters)));
      models = new ServedModels(served);
      dispatcher = new Dispatcher(all(), options, meters);
      web = web(options, dispatcher);
    } catch (RuntimeException | Error failure) {
      served.forEach(ServedModel::close);
      berts.values().forEach(MegaBert::close);
      meters.close();
      throw failure;
    }
  }

  /**
   * Starts a server. It answers at once, and is ready when its models are warm.
   *
   * @param models by name, in the order in which one is taken for requests that name none; at least
   *     one. The server closes them
   * @throws IllegalArgumentException if there is none
   * @throws IllegalStateException if it cannot listen; the models are closed then
   */
  public static MegaBertServer start(Map<String, MegaBert> models, ServerOptions options) {
    if (models.isEmpty()) {
      throw new IllegalArgumentException("a server needs at least one model");
    }
    MegaBertServer server = new MegaBertServer(models, options);
    try {
      requireFree(options);
      server.listen();
    } catch (IOException | UncheckedIOException failure) {
      server.close();
      throw new IllegalStateException(
          "no server can listen at "
              + options.host()
              + ":"
              + options.port()
              + ": "
              + failure.getMessage(),
          failure);
    } catch (RuntimeException | Error failure) {
      server.close();
      throw failure;
    }
    Thread.ofPlatform().daemon().name("megabert-server-warm-up").start(server::warmUp);
    return server;
  }

  /**
   * Listens.
   *
   * @throws IOException if another took the port after it was looked at
   */
  void listen() throws IOException {
    web.start();
    if (!web.isRunning()) {
      throw new IOException("the port was taken meanwhile");
    }
  }

  /** Helidon logs that it cannot listen, and goes on. */
  private static void requireFree(ServerOptions options) throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getByName(options.host()), options.port()));
    }
  }

  /** What programs ask for; the OpenAPI document describes it. */
  List<Endpoint> endpoints() {
    List<Endpoint> all = new ArrayList<>();
    all.addAll(new EmbeddingRoutes(models, limits).endpoints());
    all.addAll(new ClassificationRoutes(models, limits).endpoints());
    all.addAll(new TokenRoutes(models, limits).endpoints());
    all.addAll(new TaskRoutes(models, limits).endpoints());
    all.addAll(new AttentionRoute(models).endpoints());
    all.addAll(new GenerationRoute(models).endpoints());
    all.addAll(new InfoRoutes(models, limits, meters, this::isReady, VERSION).endpoints());
    return all;
  }

  private List<Endpoint> all() {
    List<Endpoint> all = new ArrayList<>(endpoints());
    all.addAll(new PageRoutes().endpoints());
    return all;
  }

  /** What listens, whoever answers. */
  static WebServer web(ServerOptions options, Handler handler) {
    Http1Config http =
        Http1Config.builder().maxPrologueLength(HEADERS).maxHeadersSize(HEADERS).build();
    DirectHandlers.Builder failures = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      failures.addHandler(type, MegaBertServer::refuse);
    }
    HttpRouting.Builder routing = HttpRouting.builder();
    routing.any(handler);
    return WebServer.builder()
        .host(options.host())
        .port(options.port())
        .protocolsDiscoverServices(false)
        .addConnectionSelector(ClientConnection.selector(http, options.limits().clientTime()))
        .maxTcpConnections(options.limits().connections())
        .connectionOptions(socket -> socket.tcpNoDelay(true))
        .shutdownHook(false)
        .shutdownGracePeriod(Duration.ofMillis(500))
        .directHandlers(failures.build())
        .routing(routing)
        .build();
  }

  /**
   * What is wrong with a request before it comes to a route: its line, its headers, its chunks. The
   * dispatcher lets no failure of the server's own out, so what Helidon takes for one is a request
   * that its parser did not expect.
   */
  private static DirectHandler.TransportResponse refuse(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType type,
      Status status,
      ServerResponseHeaders headers,
      String message) {
    Status told = status.code() >= 500 ? Status.BAD_REQUEST_400 : status;
    RequestFailure failure =
        new RequestFailure(
            RequestFailure.Kind.SYNTAX, "the request is not understood: " + told.reasonPhrase());
    return DirectHandler.TransportResponse.builder()
        .status(told)
        .headers(headers)
        .header(HeaderNames.CONTENT_TYPE, "application/json")
        .keepAlive(false)
        .entity(JsonText.compact(ErrorStyle.EMBEDDINGS_INFERENCE.body(failure)))
        .build();
  }

  private void warmUp() {
    try {
      models.all().forEach(ServedModel::warmUp);
    } catch (RuntimeException | Error failure) {
      if (dispatcher.isStopping()) {
        return;
      }
      cold = failure;
      System.getLogger(MegaBertServer.class.getName())
          .log(System.Logger.Level.ERROR, "the models cannot be warmed", failure);
    } finally {
      warm.countDown();
    }
  }

  /** The port that it listens at. */
  public int port() {
    return web.port();
  }

  /** Whether its models are warm, and it takes requests. */
  public boolean isReady() {
    return models.areWarm() && !dispatcher.isStopping();
  }

  /**
   * Waits until its models are warm.
   *
   * @throws IllegalStateException if they cannot be warmed, or it was closed before they were
   */
  public void awaitReady() throws InterruptedException {
    warm.await();
    Throwable failure = cold;
    if (failure != null) {
      throw new IllegalStateException(
          "the models cannot be warmed: " + failure.getMessage(), failure);
    }
    if (!models.areWarm()) {
      throw new IllegalStateException("the server was closed before its models were warm");
    }
  }

  /** Waits until it is closed. */
  public void awaitClosed() throws InterruptedException {
    closed.await();
  }

  /**
   * Refuses new requests, answers those that it has, as long as {@link Limits#drain} allows, and
   * closes the models.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closing) {
        return;
      }
      closing = true;
    }
    dispatcher.stop();
    warm.countDown();
    boolean interrupted = false;
    long end = System.nanoTime() + limits.drain().toNanos();
    while (dispatcher.active() > 0 && System.nanoTime() < end && !interrupted) {
      try {
        Thread.sleep(LOOK);
      } catch (InterruptedException stop) {
        interrupted = true;
      }
    }
    web.stop();
    models.close();
    meters.close();
    closed.countDown();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
