// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

/** What each rank does. */
@FunctionalInterface
public interface RankBody {
  /**
   * Works as one rank.
   *
   * @param world the group of all ranks
   */
  void run(Communicator world) throws Exception;
}
