// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.huggingface.HuggingFaceFolder;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronRanks;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells by names and content what kind of checkpoint a path is. */
final class CheckpointKind {
  private CheckpointKind() {}

  static Checkpoint open(Path path, @Nullable Path configOverride, int tokens) throws IOException {
    if (!Files.exists(path)) {
      throw new CheckpointException("there is no checkpoint at " + path);
    }
    return Files.isDirectory(path)
        ? openFolder(path, configOverride, tokens)
        : openFile(path, configOverride, tokens);
  }

  private static Checkpoint openFolder(Path folder, @Nullable Path configOverride, int tokens)
      throws IOException {
    if (!HuggingFaceFolder.hasWeights(folder)) {
      if (MegatronCheckpoint.isNemoFolder(folder)) {
        return MegatronCheckpoint.openNemo(folder, configOverride, tokens);
      }
      Map<List<Integer>, Path> ranks = MegatronRanks.find(folder);
      if (ranks != null) {
        return MegatronCheckpoint.open(folder, ranks, configOverride, tokens);
      }
    }
    return HuggingFaceFolder.open(folder, configOverride);
  }

  private static Checkpoint openFile(Path path, @Nullable Path configOverride, int tokens)
      throws IOException {
    String name = path.getFileName().toString();
    if (name.endsWith(".safetensors") || name.endsWith(".index.json")) {
      return HuggingFaceFolder.openFile(path, configOverride);
    }
    if (name.endsWith(".nemo")) {
      return MegatronCheckpoint.openNemo(path, configOverride, tokens);
    }
    TorchFile file = TorchFile.open(path);
    try {
      return MegatronCheckpoint.isOne(file)
          ? MegatronCheckpoint.open(file, configOverride, tokens)
          : HuggingFaceFolder.open(new TorchStateDict(file), path, configOverride);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }
}
