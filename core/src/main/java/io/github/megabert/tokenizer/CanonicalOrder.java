package io.github.megabert.tokenizer;

import java.text.Normalizer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Accent stripping of a text whose surviving marks canonical ordering may move, such as the hangul
 * tone mark U+302E. Rare, so written for exactness: decompose, order each run of marks, then hand
 * the original characters out in the new order, as the reference does.
 */
final class CanonicalOrder {
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
    for (int i = 0; i < partCount; ) {
      int end = i;
      while (end < partCount && isMark(parts[end])) {
        end++;
      }
      if (end - i > 1) {
        orderRun(i, end);
      }
      i = Math.max(end, i + 1);
    }
  }

  private static boolean isMark(int c) {
    return CharacterClasses.isAccent(c) || CharacterClasses.isMovableMark(c);
  }

  /**
   * Orders {@code parts[from, to)} as the JDK does. Ordering is stable, so the first of several
   * equal marks stays the first: sorting both orders by mark pairs them up.
   */
  private void orderRun(int from, int to) {
    String run = new String(parts, from, to - from);
    int[] ordered = Normalizer.normalize(run, Normalizer.Form.NFD).codePoints().toArray();
    int count = to - from;
    if (ordered.length != count) {
      return;
    }
    long[] before = new long[count];
    long[] after = new long[count];
    for (int i = 0; i < count; i++) {
      before[i] = ((long) parts[from + i] << 32) | i;
      after[i] = ((long) ordered[i] << 32) | i;
    }
    Arrays.sort(before);
    Arrays.sort(after);
    boolean[] moved = new boolean[count];
    for (int i = 0; i < count; i++) {
      moved[(int) after[i]] = follows[from + (int) before[i]];
    }
    System.arraycopy(ordered, 0, parts, from, count);
    System.arraycopy(moved, 0, follows, from, count);
  }
}
