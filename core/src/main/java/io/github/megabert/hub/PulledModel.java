// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.checkpoint.huggingface.IncompleteFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A model in the cache.
 *
 * @param name of the model
 * @param commit the revision's hash
 * @param folder the snapshot, which {@code MegaBert.load} takes
 * @param files what a model needs of it, relative to the folder; empty where nothing was asked of
 *     the hub
 * @param fetchedBytes how much came over the network
 */
public record PulledModel(
    ModelName name, String commit, Path folder, List<String> files, long fetchedBytes) {
  /** Copies the list. */
  public PulledModel {
    files = List.copyOf(files);
  }

  /**
   * Copies the model to a new folder, as plain files; the folder appears whole.
   *
   * @throws io.github.megabert.checkpoint.CheckpointException if there is something already
   * @throws IOException if copying fails
   */
  public void copyTo(Path target) throws IOException {
    try (IncompleteFolder incomplete = IncompleteFolder.create(target)) {
      for (String file : files) {
        Path copy = incomplete.path().resolve(file);
        Files.createDirectories(copy.getParent());
        Files.copy(folder.resolve(file), copy);
        incomplete.requireWanted();
      }
      incomplete.commit();
    }
  }
}
