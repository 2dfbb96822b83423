package io.github.megabert.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Tells by name and first bytes what kind of checkpoint a path is. */
final class CheckpointKind {
  private CheckpointKind() {}

  static Checkpoint open(Path path, @Nullable Path configOverride) throws IOException {
    if (!Files.exists(path)) {
      throw new CheckpointException("there is no checkpoint at " + path);
    }
    if (Files.isDirectory(path)) {
      return HuggingFaceFolder.open(path, configOverride);
    }
    return HuggingFaceFolder.openFile(path, configOverride);
  }
}
