// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * Messages between ranks of a group that go from the memory of one device to that of another. Those
 * of one tag between two ranks arrive in the order in which they were sent. Belongs to one thread.
 */
public interface DeviceMessages {
  /**
   * Sends the numbers of a matrix, when it has been computed. Does not wait for the receiver; the
   * matrix may change when this returns.
   *
   * @param x of a computation of the backend
   */
  void send(Computation computation, Matrix x, int to, int tag);

  /**
   * Waits for a matrix of the shape of {@code out}, and writes it there.
   *
   * @param out scratch matrix of a computation of the backend
   */
  void receive(Computation computation, int from, int tag, Matrix out);

  /** Waits until all that was sent has been received. */
  void finish();
}
