// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

/**
 * How much of a file's content may become objects. Ceilings suit any machine; where the heap is
 * small, they come down with it, so that a file is refused before the heap is full.
 */
public final class HeapBudget {
  /** The share of the greatest heap that one file's objects of one kind may take. */
  private static final int SHARE = 3;

  private HeapBudget() {}

  /**
   * The greatest number of objects.
   *
   * @param ceiling the most that makes sense anywhere
   * @param bytesEach heap that one of them takes
   */
  public static long most(long ceiling, int bytesEach) {
    return Math.min(ceiling, Runtime.getRuntime().maxMemory() / SHARE / bytesEach);
  }

  /** What a refusal says: the sentence's end that names the heap. */
  public static String heap() {
    return "a heap of " + (Runtime.getRuntime().maxMemory() >> 20) + " MB (-Xmx)";
  }
}
