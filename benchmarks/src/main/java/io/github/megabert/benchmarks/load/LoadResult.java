// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What came of the calls of one phase, of a text each.
 *
 * @param name who called, as the table says it
 * @param statuses how many answers came, by their HTTP status; {@link LoadClient#NONE} where none
 *     did
 * @param nanos nanoseconds to each answer with status 200, ascending
 * @param seconds from the first call to the last answer
 */
record LoadResult(String name, Map<Integer, Integer> statuses, long[] nanos, double seconds) {
  static final String HEADER =
      """
      | who asks | texts/s | median | 99th percentile | answers |
      |---|---|---|---|---|""";

  /** Texts a second that were answered with status 200. */
  double textsPerSecond() {
    return nanos.length / seconds;
  }

  /** Milliseconds within which that share of the answers with status 200 came. */
  private double milliseconds(double share) {
    return nanos.length == 0 ? Double.NaN : nanos[(int) (share * (nanos.length - 1))] / 1e6;
  }

  /** Calls that were not answered with status 200. */
  int failures() {
    return statuses.entrySet().stream()
        .filter(one -> one.getKey() != LoadClient.OK)
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /** A row of the table. */
  String row() {
    return String.format(
        Locale.ROOT,
        "| %s | %.0f | %.1f ms | %.1f ms | %s |",
        name,
        textsPerSecond(),
        milliseconds(0.5),
        milliseconds(0.99),
        answers(statuses));
  }

  /** Counts of answers by status in words, such as {@code 120 × 200, 3 × 429}. */
  static String answers(Map<Integer, ? extends Number> statuses) {
    return statuses.entrySet().stream()
        .map(one -> one.getValue() + " × " + one.getKey())
        .collect(Collectors.joining(", "));
  }
}
