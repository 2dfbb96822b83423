// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Asks a server for vectors of texts of 16 words, in any number of threads. */
final class LoadClient implements AutoCloseable {
  /** No answer came. */
  static final int NONE = 0;

  static final int OK = 200;

  private static final int WORDS = 16;
  private static final List<String> VOCABULARY =
      List.of("a", "dog", "of", "the", "small", "house", "that", "runs", "in", "water", "old");

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(20))
          .build();
  private final URI address;

  LoadClient(ServerProcess server) {
    address = URI.create(server.address() + "/embed");
  }

  /** A text of known words, so of as many tokens and two. */
  static String text(Random random) {
    return random
        .ints(WORDS, 0, VOCABULARY.size())
        .mapToObj(VOCABULARY::get)
        .collect(Collectors.joining(" "));
  }

  /** Asks for the vectors of so many texts; the status of the answer, {@link #NONE} for none. */
  int embed(Random random, int texts) {
    String body =
        IntStream.range(0, texts)
            .mapToObj(i -> '"' + text(random) + '"')
            .collect(Collectors.joining(",", "{\"inputs\":[", "]}"));
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .header("Content-Type", "application/json")
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofByteArray()).statusCode();
    } catch (IOException failure) {
      return NONE;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return NONE;
    }
  }

  /** Hangs up, whatever is asked for. */
  @Override
  public void close() {
    http.shutdownNow();
  }
}
