// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

/** How the numbers of several ranks become one. */
public enum Reduction {
  /** Their sum in float32, added in the order of the ranks. */
  SUM("sum"),
  /** The greatest; NaN if one is. */
  MAX("maximum");

  private final String word;

  Reduction(String word) {
    this.word = word;
  }

  @Override
  public String toString() {
    return word;
  }
}
