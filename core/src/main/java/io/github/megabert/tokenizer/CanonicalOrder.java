// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Accent stripping of a text whose surviving marks canonical ordering may move, such as the hangul
 * tone mark U+302E. Rare, so written for exactness: decompose, order each run of marks, then hand
 * the original characters out in the new order, as the reference does.
 */
final class CanonicalOrder {
  /** U+0345 alone has the highest combining class, 240. */
  private static final int HIGHEST_CLASS = 0x345;

  private final Decomposition decomposition;

  /** Decomposed code points. */
  private int[] parts = new int[64];

  /** Whether a part is a later one of its character's decomposition. */
  private boolean[] follows = new boolean[64];

  /** The source index of each character that was decomposed, in the order of the text. */
  private int[] origins = new int[64];

  private int partCount;
  private int originCount;

  CanonicalOrder(Decomposition decomposition) {
    this.decomposition = decomposition;
  }

  void normalize(String text, int from, int to, TextNormalizer normalizer, NormalizedText out) {
    for (int i = from; i < to; ) {
      int codePoint = TextNormalizer.codePointAt(text, i, to);
      int c = normalizer.clean(codePoint);
      if (c >= 0) {
        boolean spaced = normalizer.isSpaced(c);
        if (spaced) {
          decompose(' ', i);
        }
        decompose(c, i);
        if (spaced) {
          decompose(' ', i);
        }
      }
      i += Character.charCount(codePoint);
    }
    orderRuns();
    int next = 0;
    for (int i = 0; i < partCount; i++) {
      if (!follows[i]) {
        next++;
      }
      if (!CharacterClasses.isAccent(parts[i])) {
        normalizer.appendLower(parts[i], origins[Math.max(0, next - 1)], out);
      }
    }
  }

  private void decompose(int c, int origin) {
    if (originCount == origins.length) {
      origins = Arrays.copyOf(origins, 2 * originCount);
    }
    origins[originCount++] = origin;
    @Nullable String decomposed = decomposition.of(c);
    if (decomposed == null) {
      addPart(c, false);
      return;
    }
    for (int i = 0; i < decomposed.length(); ) {
      int part = decomposed.codePointAt(i);
      addPart(part, i > 0);
      i += Character.charCount(part);
    }
  }

  private void addPart(int part, boolean later) {
    if (partCount == parts.length) {
      parts = Arrays.copyOf(parts, 2 * partCount);
      follows = Arrays.copyOf(follows, 2 * partCount);
    }
    parts[partCount] = part;
    follows[partCount++] = later;
  }

  private void orderRuns() {
    Map<Integer, Integer> ranks = ranks();
    for (int i = 0; i < partCount; ) {
      int end = i;
      while (end < partCount && ranks.containsKey(parts[end])) {
        end++;
      }
      if (end - i > 1) {
        orderRun(i, end, ranks);
      }
      i = Math.max(end, i + 1);
    }
  }

  /** Orders {@code parts[from, to)} by rank; what is of one rank keeps its order. */
  private void orderRun(int from, int to, Map<Integer, Integer> ranks) {
    long[] order = new long[to - from];
    for (int i = 0; i < order.length; i++) {
      order[i] = ((long) ranks.getOrDefault(parts[from + i], 0) << 32) | i;
    }
    Arrays.sort(order);
    int[] oldParts = Arrays.copyOfRange(parts, from, to);
    boolean[] oldFollows = Arrays.copyOfRange(follows, from, to);
    for (int i = 0; i < order.length; i++) {
      parts[from + i] = oldParts[(int) order[i]];
      follows[from + i] = oldFollows[(int) order[i]];
    }
  }

  /**
   * The text's marks that take part in canonical ordering, ranked by combining class. The JDK does
   * not tell the class, but shows by how it orders two marks which has the lower one. Asking it
   * about pairs also keeps long runs cheap: it orders a run in quadratic time.
   */
  private Map<Integer, Integer> ranks() {
    List<Integer> marks =
        Arrays.stream(parts, 0, partCount)
            .distinct()
            .filter(c -> CharacterClasses.isAccent(c) || CharacterClasses.isMovableMark(c))
            .filter(c -> c == HIGHEST_CLASS || changePlaces(HIGHEST_CLASS, c))
            .boxed()
            .sorted((a, b) -> changePlaces(a, b) ? 1 : changePlaces(b, a) ? -1 : 0)
            .toList();
    Map<Integer, Integer> ranks = HashMap.newHashMap(marks.size());
    int rank = 0;
    for (int i = 0; i < marks.size(); i++) {
      if (i > 0 && changePlaces(marks.get(i), marks.get(i - 1))) {
        rank++;
      }
      ranks.put(marks.get(i), rank);
    }
    return ranks;
  }

  private static boolean changePlaces(int a, int b) {
    String pair = new String(new int[] {a, b}, 0, 2);
    return !Normalizer.isNormalized(pair, Normalizer.Form.NFD);
  }
}
