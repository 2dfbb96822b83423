// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

/** A runtime with the model loaded. */
interface Engine extends AutoCloseable {
  /** Name and version. */
  String name();

  /**
   * A forward pass.
   *
   * @return the last hidden states {@code [tokens, 1024]}, sequence after sequence without padding
   */
  float[] forward(int[][] sequences);

  @Override
  void close();
}
