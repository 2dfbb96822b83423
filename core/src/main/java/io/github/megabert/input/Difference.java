// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What differs between two lists of the same things, such as the options of two runs. */
public final class Difference {
  private static final Pattern SEPARATOR = Pattern.compile(", |\\[|]");

  private Difference() {}

  /**
   * The items that are not the same, such as {@code "seed 1, now seed 2"}; the whole lists where
   * one is longer.
   *
   * @param one items between commas; brackets are lists within
   * @param joint between the two forms of an item
   */
  public static String between(String one, String other, String joint) {
    List<String> first = List.of(SEPARATOR.split(one));
    List<String> second = List.of(SEPARATOR.split(other));
    if (first.size() != second.size()) {
      return one + joint + other;
    }
    return IntStream.range(0, first.size())
        .filter(i -> !first.get(i).equals(second.get(i)))
        .mapToObj(i -> first.get(i) + joint + second.get(i))
        .collect(Collectors.joining("; "));
  }
}
