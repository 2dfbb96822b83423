// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

/** Listens to a conversion, on the thread that converts. */
@FunctionalInterface
public interface ConversionProgress {
  /**
   * A tensor was written.
   *
   * @param tensor its name
   * @param done bytes of tensors written so far
   * @param total bytes of tensors to be written
   */
  void written(String tensor, long done, long total);
}
