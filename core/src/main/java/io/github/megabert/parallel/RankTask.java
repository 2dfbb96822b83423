// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

/** What each rank computes. */
@FunctionalInterface
public interface RankTask<T> {
  /**
   * Computes as one rank.
   *
   * @param world the group of all ranks
   */
  T call(Communicator world) throws Exception;
}
