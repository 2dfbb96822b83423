// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.time.Duration;

/**
 * How long a pull waits, and how often it tries again.
 *
 * @param firstPause before the second attempt; each further one waits twice as long
 * @param attempts without anything new, after which a transfer is given up
 * @param longestPause that a hub may ask for
 * @param silence after which a connection counts as broken
 */
record Patience(Duration firstPause, int attempts, Duration longestPause, Duration silence) {
  static final Patience DEFAULT =
      new Patience(Duration.ofMillis(500), 5, Duration.ofMinutes(5), Duration.ofSeconds(30));

  /** The pause after so many failures, from 1. */
  Duration pause(int failures) {
    return firstPause.multipliedBy(1L << Math.min(failures - 1, 10));
  }
}
