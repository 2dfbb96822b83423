package io.github.megabert.server;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Loads a server that runs: one client, 64 at once, one again, then more than it can serve, and
 * says what came of it. {@code docs/server.md} has figures. It is no test.
 */
final class LoadRun {
  private static final int CLIENTS = 64;
  private static final int FLOOD_CLIENTS = 512;
  private static final int FLOOD_TEXTS = 16;
  private static final int WORDS = 16;
  private static final List<String> VOCABULARY =
      List.of("a", "dog", "of", "the", "small", "house", "that", "runs", "in", "water", "old");
  private static final PrintStream OUT = System.out;

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(20))
          .build();
  private final String address;

  private LoadRun(String address) {
    this.address = address;
  }

  /** Arguments: the address of a server, and the seconds of each phase. */
  public static void main(String[] args) throws Exception {
    new LoadRun(args[0]).run(Duration.ofSeconds(Long.parseLong(args[1])));
  }

  private void run(Duration time) throws Exception {
    phase("warm-up, 64 clients", CLIENTS, 1, time.dividedBy(4));
    Result before = phase("one client", 1, 1, time);
    Result many = phase("64 clients", CLIENTS, 1, time);
    Result after = phase("one client", 1, 1, time);
    double alone = (before.textsPerSecond() + after.textsPerSecond()) / 2;
    OUT.printf(Locale.ROOT, "64 clients over one: %.2f%n", many.textsPerSecond() / alone);
    long memory = memory();
    Result flood = phase("512 clients of 16 texts", FLOOD_CLIENTS, FLOOD_TEXTS, time);
    OUT.printf(
        Locale.ROOT,
        "offered over served: %.1f; resident before %d MB, after %d MB%n",
        flood.answers() / (double) flood.served(),
        memory >> 20,
        memory() >> 20);
    long begin = System.nanoTime();
    int status = send(body(new Random(1), 1));
    OUT.printf(Locale.ROOT, "the next request: %d after %d ms%n", status, milliseconds(begin));
    phase("one client", 1, 1, time.dividedBy(4));
  }

  private static long milliseconds(long begin) {
    return (System.nanoTime() - begin) / 1_000_000;
  }

  /** How many answers came by status, and how long those took that were served. */
  private record Result(
      Map<Integer, AtomicLong> statuses, List<Long> micros, int texts, double seconds) {
    long served() {
      return micros.size();
    }

    long answers() {
      return statuses.values().stream().mapToLong(AtomicLong::get).sum();
    }

    double textsPerSecond() {
      return served() * texts / seconds;
    }

    double percentile(double share) {
      return micros.isEmpty() ? 0 : micros.get((int) (share * (micros.size() - 1))) / 1000.0;
    }
  }

  private Result phase(String name, int clients, int texts, Duration time)
      throws InterruptedException {
    Map<Integer, AtomicLong> statuses = new ConcurrentHashMap<>();
    List<Long> micros = Collections.synchronizedList(new ArrayList<>());
    long begin = System.nanoTime();
    long end = begin + time.toNanos();
    List<Thread> threads =
        IntStream.range(0, clients)
            .mapToObj(
                seed ->
                    Thread.ofVirtual()
                        .start(() -> client(new Random(seed), texts, end, statuses, micros)))
            .toList();
    for (Thread thread : threads) {
      thread.join();
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    List<Long> sorted = micros.stream().sorted().toList();
    Result result = new Result(statuses, sorted, texts, seconds);
    OUT.printf(
        Locale.ROOT,
        "%s: %.0f texts/s, p50 %.0f ms, p99 %.0f ms, answers by status %s%n",
        name,
        result.textsPerSecond(),
        result.percentile(0.5),
        result.percentile(0.99),
        new TreeMap<>(statuses));
    return result;
  }

  private void client(
      Random random, int texts, long end, Map<Integer, AtomicLong> statuses, List<Long> micros) {
    while (System.nanoTime() < end) {
      String body = body(random, texts);
      long begin = System.nanoTime();
      int status = send(body);
      if (status == 200) {
        micros.add((System.nanoTime() - begin) / 1000);
      }
      statuses.computeIfAbsent(status, key -> new AtomicLong()).incrementAndGet();
    }
  }

  /** The status of the answer; 0 where there is none. */
  private int send(String body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address + "/embed"))
            .header("Content-Type", "application/json")
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    } catch (IOException failure) {
      return 0;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  private static String body(Random random, int texts) {
    return IntStream.range(0, texts)
        .mapToObj(
            i ->
                random
                    .ints(WORDS, 0, VOCABULARY.size())
                    .mapToObj(VOCABULARY::get)
                    .collect(Collectors.joining(" ", "\"", "\"")))
        .collect(Collectors.joining(",", "{\"inputs\":[", "]}"));
  }

  /** Resident bytes of the server's process. */
  private long memory() throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/metrics")).build();
    return http.send(request, HttpResponse.BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith("process_resident_memory_bytes "))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.indexOf(' '))))
        .findFirst()
        .orElse(-1);
  }
}
