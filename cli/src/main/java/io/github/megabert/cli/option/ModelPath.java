// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.hub.Hub;
import io.github.megabert.hub.HubException;
import io.github.megabert.hub.ModelName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What {@code --model} names: a path, or a model of the hub that is in the cache. */
public final class ModelPath {
  private ModelPath() {}

  /**
   * The path itself where there is something, else the cached model of that name. Nothing is
   * fetched.
   *
   * @throws HubException if it can only be a model's name, and the model is not in the cache
   */
  public static Path of(Path path) throws IOException {
    Optional<ModelName> name = ModelName.of(path);
    if (name.isEmpty() || Files.exists(path)) {
      return path;
    }
    Hub hub = Hub.ofEnvironment();
    Optional<Path> cached = hub.cached(name.get());
    if (cached.isEmpty()) {
      throw new HubException(
          "there is no folder "
              + path
              + ", and no such model in the cache "
              + hub.settings().cache()
              + "; megabert pull "
              + name.get()
              + " fetches it");
    }
    return cached.get();
  }
}
