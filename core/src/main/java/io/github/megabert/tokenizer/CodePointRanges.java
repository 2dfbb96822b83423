// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/** An immutable set of Unicode code points, kept as sorted ranges. */
final class CodePointRanges {
  private final int[] first;
  private final int[] last;

  private CodePointRanges(int[] first, int[] last) {
    this.first = first;
    this.last = last;
  }

  /** Reads ascending hexadecimal code points and ranges: {@code "7fd 897-89f"}. */
  static CodePointRanges of(String ranges) {
    String[] parts = ranges.strip().split("\\s+", -1);
    int[] first = new int[parts.length];
    int[] last = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      int dash = parts[i].indexOf('-');
      first[i] = Integer.parseInt(dash < 0 ? parts[i] : parts[i].substring(0, dash), 16);
      last[i] = dash < 0 ? first[i] : Integer.parseInt(parts[i].substring(dash + 1), 16);
    }
    return new CodePointRanges(first, last);
  }

  boolean contains(int codePoint) {
    int low = 0;
    int high = first.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (codePoint < first[middle]) {
        high = middle - 1;
      } else if (codePoint > last[middle]) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }
}
