// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

/** Is told how far a pull is, by any of the threads that fetch, one at a time. */
@FunctionalInterface
public interface PullListener {
  /** So many bytes are here, of so many that are needed and known of so far. */
  void fetched(long bytes, long total);
}
