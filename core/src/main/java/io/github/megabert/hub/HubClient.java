// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Asks a hub. Redirections are followed by hand, so that the token goes to the hub's own address
 * alone; what may go better next time is tried again; silence counts as a broken connection.
 */
final class HubClient implements AutoCloseable {
  private static final int MOST_REDIRECTIONS = 10;
  private static final int LONGEST_MESSAGE = 1 << 16;

  private final HubSettings settings;
  private final Patience patience;
  private final HttpClient http;
  private final ScheduledExecutorService watchdog =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("megabert-pull-watch").factory());

  HubClient(HubSettings settings, Patience patience) {
    this.settings = settings;
    this.patience = patience;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.silence())
            .build();
  }

  /** Where a good answer's body goes. */
  @FunctionalInterface
  interface Sink {
    HttpResponse.BodySubscriber<byte[]> body(HttpResponse.ResponseInfo answer, Activity activity);
  }

  /** Something that is tried several times. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws IOException;
  }

  /**
   * Where the hub has a path.
   *
   * @param path begins with a slash, with escapes where they are needed
   */
  URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  /**
   * An answer after all redirections, or the redirection that leads away from the hub.
   *
   * @param headers besides those of every request
   * @param leaves whether to follow a redirection to another address
   * @throws TransientException if the same may work later
   */
  HttpResponse<byte[]> ask(
      String method, URI address, Map<String, String> headers, boolean leaves, Sink sink)
      throws IOException {
    URI next = address;
    for (int i = 0; i <= MOST_REDIRECTIONS; i++) {
      HttpResponse<byte[]> answer = once(method, next, headers, sink);
      if (!isRedirection(answer.statusCode())) {
        return answer;
      }
      URI target = target(answer, next);
      if (!leaves && (isLinked(answer) || !isSameOrigin(target, address))) {
        return answer;
      }
      next = target;
    }
    throw new HubException(
        address + " is redirected more than " + MOST_REDIRECTIONS + " times; is the hub right?");
  }

  private static boolean isLinked(HttpResponse<byte[]> answer) {
    return answer.headers().firstValue("X-Linked-Etag").isPresent();
  }

  static boolean isRedirection(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static URI target(HttpResponse<byte[]> answer, URI from) throws HubException {
    String location = answer.headers().firstValue("Location").orElse("");
    URI target;
    try {
      target = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(from + " is redirected to " + Quote.quote(location), e);
    }
    String scheme = String.valueOf(target.getScheme()).toLowerCase(Locale.ROOT);
    boolean isSafe =
        scheme.equals("https") || (scheme.equals("http") && !from.getScheme().equals("https"));
    if (location.isEmpty() || !isSafe || target.getHost() == null) {
      throw new HubException(
          from
              + " is redirected to "
              + Quote.quote(location)
              + ", which is no address that is followed");
    }
    return target;
  }

  private static boolean isSameOrigin(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && String.valueOf(a.getHost()).equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return address.getScheme().equalsIgnoreCase("https") ? 443 : 80;
  }

  private HttpResponse<byte[]> once(
      String method, URI address, Map<String, String> headers, Sink sink) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("User-Agent", "megabert")
            .header("Accept-Encoding", "identity");
    headers.forEach(request::header);
    String token = settings.token();
    if (token != null && isSameOrigin(address, settings.endpoint())) {
      request.header("Authorization", "Bearer " + token);
    }
    Activity activity = new Activity();
    HttpResponse.BodyHandler<byte[]> body =
        answer -> {
          activity.touch();
          return answer.statusCode() / 100 == 2
              ? sink.body(answer, activity)
              : new ShortBody(LONGEST_MESSAGE, true, activity);
        };
    return send(request.build(), body, activity);
  }

  /** Waits for the answer and its body, as long as something comes. */
  private HttpResponse<byte[]> send(
      HttpRequest request, HttpResponse.BodyHandler<byte[]> body, Activity activity)
      throws IOException {
    long silence = patience.silence().toNanos();
    Future<?> watch =
        watchdog.scheduleWithFixedDelay(
            () -> activity.interruptIfIdle(silence), silence, silence / 4, TimeUnit.NANOSECONDS);
    try {
      // Not sendAsync: its answers come by the common pool, whose threads a caller may block.
      return http.send(request, body);
    } catch (IOException e) {
      throw activity.end() ? silent(request.uri()) : failure(e, request.uri());
    } catch (InterruptedException e) {
      if (activity.end()) {
        throw silent(request.uri());
      }
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(
          "interrupted while " + request.uri().getHost() + " answered");
    } finally {
      watch.cancel(false);
      activity.end();
    }
  }

  private TransientException silent(URI address) {
    return new TransientException(
        String.format(
            Locale.ROOT,
            "%s says nothing for %.1f s",
            address.getHost(),
            patience.silence().toMillis() / 1e3),
        null);
  }

  private IOException failure(IOException failure, URI address) {
    // What a body's reader throws comes wrapped.
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HubException known) {
        return known;
      }
    }
    return switch (failure) {
      case HttpConnectTimeoutException e -> unreachable(address, e);
      case ConnectException e -> unreachable(address, e);
      case SSLException e ->
          new HubException(
              address.getHost()
                  + " has no safe connection: "
                  + Quote.escape(String.valueOf(e.getMessage())),
              e);
      default ->
          new TransientException(
              "the connection to "
                  + address.getHost()
                  + " broke: "
                  + Quote.escape(String.valueOf(failure.getMessage())),
              null);
    };
  }

  private static HubException unreachable(URI address, IOException e) {
    return new HubException(
        address.getHost()
            + " cannot be reached; is there a network, and is HF_ENDPOINT right? Behind a proxy Java"
            + " needs -Dhttps.proxyHost and -Dhttps.proxyPort",
        e);
  }

  /**
   * Tries until it works, or there is no more hope.
   *
   * @throws HubException with what happened last
   */
  <T> T trying(String what, Attempt<T> attempt) throws IOException {
    for (int failures = 1; ; failures++) {
      try {
        return attempt.run();
      } catch (TransientException e) {
        pause(what, failures, e);
      }
    }
  }

  /** Waits before another attempt, after so many failures, or gives up. */
  void pause(String what, int failures, TransientException e) throws IOException {
    if (failures >= patience.attempts()) {
      throw new HubException(
          what + " failed " + failures + " times: " + e.getMessage() + "; try again later", e);
    }
    Duration asked = e.askedPause();
    if (asked != null && asked.compareTo(patience.longestPause()) > 0) {
      throw new HubException(
          what + ": the hub asks to wait " + asked.toSeconds() + " s; try again then", e);
    }
    Duration pause = patience.pause(failures);
    try {
      Thread.sleep(asked != null && asked.compareTo(pause) > 0 ? asked : pause);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(what + " was interrupted");
    }
  }

  /**
   * Why an answer is none of those wanted.
   *
   * @param what was asked for, as a sentence's subject
   */
  IOException refusal(HttpResponse<byte[]> answer, String what) {
    boolean isHub = isSameOrigin(answer.uri(), settings.endpoint());
    return Refusal.of(answer, what, isHub, settings.token() != null);
  }

  /** Ends all transfers. */
  @Override
  public void close() {
    watchdog.shutdownNow();
    http.shutdownNow();
  }
}
