// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.json.JsonText;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Every request comes here: the endpoint is found, the key and the body are checked, the answer or
 * the reason why there is none is written, and both are counted and logged.
 */
final class Dispatcher implements Handler {
  private static final System.Logger LOGGER = System.getLogger(Dispatcher.class.getName());
  private static final JsonFactory JSON = new JsonFactory();
  private static final String JSON_TYPE = "application/json";

  /**
   * A page runs scripts of this server alone, talks to it alone, and is in no other site's frame.
   */
  private static final List<Header> PAGE_HEADERS =
      List.of(
          HeaderValues.create(
              "Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                  + " img-src data:; base-uri 'none'; form-action 'none';"
                  + " frame-ancestors 'none'"),
          HeaderValues.create("Cross-Origin-Resource-Policy", "same-origin"),
          HeaderValues.create("Referrer-Policy", "no-referrer"));

  /** In meters, what stands for all paths that there are not. */
  private static final String NO_ROUTE = "none";

  private final Map<String, Map<String, Endpoint>> endpoints = new LinkedHashMap<>();
  private final ServerOptions options;
  private final Meters meters;
  private final AccessLog log;
  private final BodyReader bodies;
  private final AtomicInteger active = new AtomicInteger();
  private volatile boolean stopping;

  Dispatcher(List<Endpoint> endpoints, ServerOptions options, Meters meters) {
    for (Endpoint endpoint : endpoints) {
      this.endpoints
          .computeIfAbsent(endpoint.path(), path -> new LinkedHashMap<>())
          .put(endpoint.method(), endpoint);
    }
    this.options = options;
    this.meters = meters;
    log = new AccessLog(options.accessLog());
    bodies = new BodyReader(options.limits().bodyBytes());
    meters.active(active::get);
  }

  /** From now on requests are refused. */
  void stop() {
    stopping = true;
  }

  boolean isStopping() {
    return stopping;
  }

  /** Requests that have no answer yet. */
  int active() {
    return active.get();
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    active.incrementAndGet();
    ClientInput input = ClientConnection.input();
    input.expectPart();
    Call call = new Call(input, options.limits());
    String method = request.prologue().method().text();
    String path = request.path().rawPath();
    Endpoint endpoint = null;
    int status = RequestFailure.Kind.GONE.status();
    try {
      try {
        endpoint = find(method, path);
        status = answer(endpoint, request, response, call);
      } catch (RequestFailure failure) {
        if (failure.kind() == RequestFailure.Kind.GONE) {
          throw new CloseConnectionException("the client has hung up", failure);
        }
        ErrorStyle style = endpoint == null ? ErrorStyle.EMBEDDINGS_INFERENCE : endpoint.errors();
        status = style.status(failure);
        if (!(response instanceof RoutingResponse fresh && fresh.reset())) {
          throw new CloseConnectionException("a part of the answer has been sent", failure);
        }
        refuse(style, failure, request, response, call);
      }
    } catch (UncheckedIOException broken) {
      throw new CloseConnectionException("the connection failed", broken);
    } finally {
      try {
        input.expectNext(
            request.headers().contains(HeaderValues.CONNECTION_CLOSE)
                || response.headers().contains(HeaderValues.CONNECTION_CLOSE));
        meters.request(endpoint == null ? NO_ROUTE : endpoint.path(), status, call.age());
        String client = request.remotePeer().host();
        log.write(client, method, path, status, response.bytesWritten(), call);
      } finally {
        // Last: a server that stops waits for it, and so for the line and the meters.
        active.decrementAndGet();
      }
    }
  }

  private Endpoint find(String method, String path) {
    Map<String, Endpoint> methods = endpoints.get(path);
    if (methods == null) {
      throw new RequestFailure(
          RequestFailure.Kind.NOT_FOUND,
          "there is nothing at this path; /openapi.json says what there is");
    }
    Endpoint endpoint = methods.get(method);
    if (endpoint == null) {
      throw new RequestFailure(
          RequestFailure.Kind.METHOD,
          path + " is for " + String.join(" and ", methods.keySet()) + " requests");
    }
    return endpoint;
  }

  private int answer(Endpoint endpoint, ServerRequest request, ServerResponse response, Call call) {
    requireServed(endpoint, request);
    long begin = System.nanoTime();
    try (BodyReader.Body bytes = body(endpoint, request, call)) {
      if (endpoint.hasBody()) {
        meters.stage(Meters.Stage.READ, since(begin));
      }
      Answer answer = compute(endpoint, bytes, call);
      begin = System.nanoTime();
      write(endpoint, answer, response);
      meters.stage(Meters.Stage.WRITE, since(begin));
      return Status.OK_200.code();
    }
  }

  private void requireServed(Endpoint endpoint, ServerRequest request) {
    if (stopping && !endpoint.isOpen()) {
      throw new RequestFailure(RequestFailure.Kind.UNAVAILABLE, "the server stops");
    }
    ApiKey key = options.apiKey();
    if (key != null
        && !endpoint.isOpen()
        && !key.isShownBy(request.headers().first(HeaderNames.AUTHORIZATION).orElse(""))) {
      throw new RequestFailure(
          RequestFailure.Kind.UNAUTHORIZED,
          "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'");
    }
    if (endpoint.hasBody() && !isJson(request)) {
      throw new RequestFailure(
          RequestFailure.Kind.MEDIA_TYPE,
          "the body has to be JSON; say so with 'Content-Type: application/json'");
    }
  }

  /** Pages of other sites can make a browser send texts here, but, unasked, none that are JSON. */
  private static boolean isJson(ServerRequest request) {
    return request
        .headers()
        .contentType()
        .filter(type -> type.mediaType().text().equals(MediaTypes.APPLICATION_JSON.text()))
        .isPresent();
  }

  private BodyReader.Body body(Endpoint endpoint, ServerRequest request, Call call) {
    try {
      InputStream in = InputStream.nullInputStream();
      if (endpoint.hasBody() && request.content().hasEntity()) {
        call.bodyOpened();
        in = request.content().inputStream();
      }
      return bodies.read(in, request.headers().contentLength().orElse(-1));
    } catch (ClientInput.SlowClientException e) {
      throw new RequestFailure(
          RequestFailure.Kind.SLOW,
          "the body did not come within " + Limits.text(call.limits().clientTime()),
          e);
    } catch (DataReader.InsufficientDataAvailableException e) {
      throw new CloseConnectionException("the client broke off", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Exceptions of tasks have sentences for their callers; others are nobody's business. */
  private static Answer compute(Endpoint endpoint, BodyReader.Body bytes, Call call) {
    JsonBody body = endpoint.hasBody() ? JsonBody.read(bytes.bytes()) : JsonBody.empty();
    try {
      return endpoint.route().answer(body, call);
    } catch (IllegalArgumentException refused) {
      throw RequestFailure.of(refused);
    } catch (RequestFailure failure) {
      throw failure;
    } catch (RuntimeException | Error unexpected) {
      throw internal(endpoint, unexpected);
    }
  }

  private static RequestFailure internal(Endpoint endpoint, Throwable unexpected) {
    LOGGER.log(System.Logger.Level.ERROR, endpoint.path() + " failed", unexpected);
    return new RequestFailure(
        RequestFailure.Kind.INTERNAL, "the server failed; its log says why", unexpected);
  }

  /** A client that has gone is no failure of the server's, but what goes wrong here is. */
  private static void write(Endpoint endpoint, Answer answer, ServerResponse response) {
    try {
      send(answer, response);
    } catch (RequestFailure | CloseConnectionException | UncheckedIOException passed) {
      throw passed;
    } catch (JacksonIOException e) {
      throw new UncheckedIOException(e.getCause());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error unexpected) {
      throw internal(endpoint, unexpected);
    }
  }

  /** What is closed here is an answer's end, so nothing is closed after a failure. */
  private static void send(Answer answer, ServerResponse response) throws IOException {
    response.header(HeaderValues.create(HeaderNames.CACHE_CONTROL, "no-store"));
    response.header(HeaderValues.create(HeaderNames.create("X-Content-Type-Options"), "nosniff"));
    switch (answer) {
      case Answer.Tree tree -> send(response, JSON_TYPE, JsonText.compact(tree.value()));
      case Answer.Text text -> send(response, text.contentType(), text.text());
      case Answer.Page page -> {
        PAGE_HEADERS.forEach(response::header);
        send(response, page.contentType(), page.text());
      }
      case Answer.Written written -> {
        response.header(HeaderNames.CONTENT_TYPE, JSON_TYPE);
        OutputStream out = response.outputStream();
        JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out);
        written.writer().accept(json);
        json.close();
        out.close();
      }
      case Answer.Events events -> {
        response.header(HeaderNames.CONTENT_TYPE, "text/event-stream");
        EventStream out = new EventStream(response::outputStream);
        events.source().accept(out);
        out.end();
      }
    }
  }

  private static void send(ServerResponse response, String type, String text) {
    response.header(HeaderNames.CONTENT_TYPE, type);
    response.send(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Says why there is no answer. */
  private static void refuse(
      ErrorStyle style,
      RequestFailure failure,
      ServerRequest request,
      ServerResponse response,
      Call call) {
    if (failure.kind().isPassing()) {
      response.header(HeaderNames.RETRY_AFTER, "1");
    }
    if (failure.kind() == RequestFailure.Kind.UNAUTHORIZED) {
      response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
    }
    if (request.content().hasEntity() && !request.content().consumed()) {
      response.header(HeaderValues.CONNECTION_CLOSE);
      if (!call.hasBodyOpened()) {
        BodyReader.skip(request.content().inputStream());
      }
    }
    response.status(Status.create(style.status(failure)));
    send(response, JSON_TYPE, JsonText.compact(style.body(failure)));
  }

  private static Duration since(long begin) {
    return Duration.ofNanos(System.nanoTime() - begin);
  }
}
