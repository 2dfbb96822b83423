// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A hub of one model on this machine, and the second server to which it redirects for large files.
 * It behaves, but for the requests that a test takes into its own hands.
 */
final class HubServer implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** A request as the server saw it. */
  record Request(String method, String path, String range, boolean hasToken, boolean isAtHub) {}

  /** Answers in the server's place; returns whether it did. */
  @FunctionalInterface
  interface Fault {
    boolean answer(HttpExchange exchange, String path, boolean isAtHub) throws IOException;
  }

  private final HttpServer hub = server();
  private final HttpServer store = server();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
  private final Map<String, byte[]> files = Collections.synchronizedMap(new LinkedHashMap<>());
  private final List<String> furtherNames = new ArrayList<>();
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, String> etags = new ConcurrentHashMap<>();
  private final Map<String, Long> sizes = new ConcurrentHashMap<>();
  private volatile Fault fault = (exchange, path, isAtHub) -> false;
  private volatile String commit = COMMIT;

  HubServer() {
    hub.createContext("/", exchange -> handle(exchange, true));
    store.createContext("/", exchange -> handle(exchange, false));
    hub.setExecutor(threads);
    store.setExecutor(threads);
    hub.start();
    store.start();
  }

  private static HttpServer server() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  URI address() {
    return URI.create("http://localhost:" + hub.getAddress().getPort());
  }

  URI storeAddress() {
    return URI.create("http://localhost:" + store.getAddress().getPort());
  }

  HubServer file(String path, String content) {
    return file(path, content.getBytes(StandardCharsets.UTF_8));
  }

  HubServer file(String path, byte[] content) {
    files.put(path, content);
    return this;
  }

  /** A name in the list of files, without a file. */
  HubServer name(String path) {
    furtherNames.add(path);
    return this;
  }

  HubServer commit(String value) {
    commit = value;
    return this;
  }

  /** Another ETag than the content's. */
  HubServer etag(String path, String value) {
    etags.put(path, value);
    return this;
  }

  /** Another size than the content's. */
  HubServer size(String path, long value) {
    sizes.put(path, value);
    return this;
  }

  HubServer fault(Fault value) {
    fault = value;
    return this;
  }

  List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Paths of files whose contents were asked for, in the order of their names. */
  List<String> contentsAskedFor() {
    return requests().stream()
        .filter(request -> request.method.equals("GET") && request.path.contains("/resolve/"))
        .map(request -> request.path.replaceAll(".*/resolve/[^/]*/", ""))
        .sorted()
        .toList();
  }

  void forget() {
    requests.clear();
  }

  private void handle(HttpExchange exchange, boolean isAtHub) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(
        new Request(
            exchange.getRequestMethod(),
            path,
            range == null ? "" : range,
            exchange.getRequestHeaders().containsKey("Authorization"),
            isAtHub));
    try (exchange) {
      if (fault.answer(exchange, path, isAtHub)) {
        return;
      }
      if (!isAtHub) {
        content(exchange, path.substring(1), range);
      } else if (path.startsWith("/api/models/org/model/revision/")) {
        send(exchange, 200, listing().getBytes(StandardCharsets.UTF_8));
      } else if (path.startsWith("/org/model/resolve/" + commit + "/")) {
        resolve(exchange, path.substring(("/org/model/resolve/" + commit + "/").length()), range);
      } else {
        send(exchange, 404, new byte[0]);
      }
    }
  }

  private String listing() {
    List<String> names = new ArrayList<>(files.keySet());
    names.addAll(furtherNames);
    return "{\"id\": \"org/model\", \"sha\": \""
        + commit
        + "\", \"siblings\": ["
        + names.stream()
            .map(name -> "{\"rfilename\": \"" + name.replace("\\", "\\\\") + "\"}")
            .collect(Collectors.joining(", "))
        + "]}";
  }

  private void resolve(HttpExchange exchange, String path, String range) throws IOException {
    byte[] content = files.get(path);
    if (content == null) {
      send(exchange, 404, new byte[0]);
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", commit);
    if (isLarge(path)) {
      exchange
          .getResponseHeaders()
          .set("X-Linked-Etag", "\"" + etags.getOrDefault(path, sha256(content)) + "\"");
      exchange
          .getResponseHeaders()
          .set("X-Linked-Size", "" + sizes.getOrDefault(path, (long) content.length));
      exchange.getResponseHeaders().set("Location", storeAddress() + "/" + path);
      send(exchange, 302, "Found".getBytes(StandardCharsets.UTF_8));
    } else {
      exchange
          .getResponseHeaders()
          .set("ETag", "\"" + etags.getOrDefault(path, gitSha1(content)) + "\"");
      content(exchange, path, range);
    }
  }

  private static boolean isLarge(String path) {
    return path.endsWith(".safetensors") || path.endsWith(".bin") || path.endsWith(".h5");
  }

  private void content(HttpExchange exchange, String path, String range) throws IOException {
    byte[] content = files.get(path);
    if (range != null && range.matches("bytes=\\d+-")) {
      int from = Integer.parseInt(range.substring(6, range.length() - 1));
      if (from >= content.length) {
        send(exchange, 416, new byte[0]);
        return;
      }
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
      send(exchange, 206, Arrays.copyOfRange(content, from, content.length));
    } else {
      send(exchange, 200, content);
    }
  }

  static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + body.length);
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  /** Announces a whole content, sends its beginning, and breaks the connection. */
  static void cut(HttpExchange exchange, byte[] content, int from, int length) throws IOException {
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
    exchange.getResponseBody().write(content, from, length);
    exchange.getResponseBody().flush();
  }

  static String sha256(byte[] content) {
    return hex("SHA-256", content);
  }

  static String gitSha1(byte[] content) {
    byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(header, header.length + content.length);
    System.arraycopy(content, 0, all, header.length, content.length);
    return hex("SHA-1", all);
  }

  private static String hex(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
