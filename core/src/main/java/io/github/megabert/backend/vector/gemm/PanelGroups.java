// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import java.util.Arrays;

/**
 * How the panels of a linear layer are cut into groups, each a task with every block of rows. The
 * groups become smaller towards the end, as in the guided self-scheduling of Polychronopoulos and
 * Kuck (1987): at the end no thread waits long for another, while most tasks are large.
 */
final class PanelGroups {
  /** A task is at most this part of what is left for a thread. */
  private static final int PARTS = 3;

  private int[] firsts = new int[64];
  private int count;

  /**
   * Cuts anew.
   *
   * @param most panels in a group, at most
   * @param unit panels that are best multiplied together: groups are multiples of it, but the last
   * @param blocks tasks that a group makes
   * @param threads threads that share them, 0 if there is one
   */
  void cut(int panels, int most, int unit, int blocks, int threads) {
    count = 0;
    int first = 0;
    while (first < panels) {
      if (count + 1 == firsts.length) {
        firsts = Arrays.copyOf(firsts, 2 * firsts.length);
      }
      firsts[count++] = first;
      int left = panels - first;
      long share = threads == 0 ? left : (long) left * blocks / ((long) PARTS * threads);
      int whole = Math.clamp(share, unit, most) / unit * unit;
      first += Math.min(whole, left);
    }
    firsts[count] = panels;
  }

  /** Groups. */
  int count() {
    return count;
  }

  /** The first panel of a group; that of the group after the last is the number of panels. */
  int first(int group) {
    return firsts[group];
  }
}
