// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

/**
 * An operation that has been started. Until it has ended, memory that it writes must not be read,
 * and memory that it reads must not be written.
 */
public interface Pending {
  /**
   * Waits for the end.
   *
   * @throws CommunicationException if the operation cannot end
   */
  void await();

  /** Whether it has ended, or failed; does not wait. */
  boolean isDone();
}
