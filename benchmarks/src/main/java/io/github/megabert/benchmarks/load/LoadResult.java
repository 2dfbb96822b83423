// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What came of some calls.
 *
 * @param name who called
 * @param statuses how many answers came, by status
 * @param nanos how long each answer took that was 200, ascending
 * @param seconds how long all of it took
 */
record LoadResult(String name, Map<Integer, Integer> statuses, long[] nanos, double seconds) {
  static final String HEADER =
      """
      | who asks | texts/s | median | 99th percentile | answers |
      |---|---|---|---|---|""";

  /** Of calls that are one text each. */
  double textsPerSecond() {
    return nanos.length / seconds;
  }

  private double milliseconds(double share) {
    return nanos.length == 0 ? Double.NaN : nanos[(int) (share * (nanos.length - 1))] / 1e6;
  }

  /** Answers that were not 200. */
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
        statuses.entrySet().stream()
            .map(one -> one.getValue() + " × " + one.getKey())
            .collect(Collectors.joining(", ")));
  }
}
