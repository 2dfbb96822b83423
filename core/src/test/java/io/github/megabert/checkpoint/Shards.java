// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/** Small models in several files, which takes gigabytes by the public way. */
public final class Shards {
  private Shards() {}

  /** Writes a folder of shards of at most so many bytes, with their index. */
  public static void write(Checkpoint checkpoint, Path folder, long mostBytes) throws IOException {
    new CheckpointConverter(checkpoint).largestShard(mostBytes).toHuggingFace(folder);
  }
}
