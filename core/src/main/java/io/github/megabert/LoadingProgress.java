// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

/** Listens to the loading of a model, on the thread that loads it. */
@FunctionalInterface
public interface LoadingProgress {
  /**
   * A tensor is being loaded.
   *
   * @param tensor its name
   * @param done bytes of the tensors so far, this one included
   * @param total bytes of all tensors in the checkpoint; a task may need fewer
   */
  void loading(String tensor, long done, long total);
}
