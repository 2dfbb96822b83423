// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Measures how quick the first texts of a process are: a thousand in one list, again and again, or
 * single calls, second by second. {@code warm} opens the model as an application does that waits
 * until the kernels are compiled, {@code cold} as one that does not.
 *
 * <pre>
 * java --add-modules jdk.incubator.vector -cp benchmarks/target/benchmarks.jar \
 *   io.github.megabert.benchmarks.WarmUpMeasurement FOLDER cold|warm texts|calls
 * </pre>
 */
final class WarmUpMeasurement {
  private static final int TEXTS = 1000;
  private static final int ROUNDS = 5;
  private static final int SECONDS = 12;
  private static final long SECOND = 1_000_000_000;
  private static final List<String> WORDS =
      List.of("a", "dog", "is", "an", "animal", "that", "likes", "to", "bark", "at", "cats");

  private WarmUpMeasurement() {}

  public static void main(String[] arguments) throws IOException {
    long start = System.nanoTime();
    boolean warm = arguments[1].equals("warm");
    try (MegaBert bert = MegaBert.builder().warmUp(warm).load(Path.of(arguments[0]))) {
      System.out.printf(
          Locale.ROOT, "open after %.2f s%n", (double) (System.nanoTime() - start) / SECOND);
      if (arguments[2].equals("texts")) {
        lists(bert.textEmbedding());
      } else {
        calls(bert.textEmbedding());
      }
    }
  }

  private static void lists(TextEmbedding embedding) {
    List<String> texts = IntStream.range(0, TEXTS).mapToObj(WarmUpMeasurement::text).toList();
    for (int round = 1; round <= ROUNDS; round++) {
      long from = System.nanoTime();
      embedding.applyAll(texts);
      System.out.printf(
          Locale.ROOT,
          "%d texts, time %d: %.2f s%n",
          TEXTS,
          round,
          (double) (System.nanoTime() - from) / SECOND);
    }
  }

  private static void calls(TextEmbedding embedding) {
    int call = 0;
    for (int second = 1; second <= SECONDS; second++) {
      List<Long> times = new ArrayList<>();
      long from = System.nanoTime();
      for (long now = from; now - from < SECOND; ) {
        embedding.apply(text(call++));
        long after = System.nanoTime();
        times.add(after - now);
        now = after;
      }
      long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
      System.out.printf(
          Locale.ROOT,
          "second %d: %d calls, median %.1f ms, slowest %.1f ms%n",
          second,
          sorted.length,
          sorted[sorted.length / 2] / 1e6,
          Arrays.stream(sorted).max().orElse(0) / 1e6);
    }
  }

  /** Three to thirteen words, so that lengths differ as those of texts do. */
  private static String text(int index) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 3 + index % 11; i++) {
      text.append(WORDS.get((index + i) % WORDS.size())).append(' ');
    }
    return text.toString();
  }
}
