// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

/**
 * How many work groups of how many threads run a kernel.
 *
 * @param groupsX work groups in the first dimension
 * @param groupsY work groups in the second dimension
 * @param threads threads of a work group, all in the first dimension
 */
public record Grid(int groupsX, int groupsY, int threads) {
  private static final int ELEMENT_THREADS = 256;

  /** One work group a row. */
  public static Grid rows(int rows, int threads) {
    return new Grid(rows, 1, threads);
  }

  /** One thread an element; the kernel checks the end. */
  public static Grid elements(int count) {
    return new Grid(Math.ceilDiv(count, ELEMENT_THREADS), 1, ELEMENT_THREADS);
  }
}
