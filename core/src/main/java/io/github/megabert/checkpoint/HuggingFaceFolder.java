package io.github.megabert.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A folder as transformers' {@code save_pretrained} writes it, now or years ago. */
final class HuggingFaceFolder {
  static final String CONFIG = "config.json";
  static final String SAFETENSORS = "model.safetensors";
  static final String SAFETENSORS_INDEX = "model.safetensors.index.json";
  static final String TORCH = "pytorch_model.bin";
  static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  private HuggingFaceFolder() {}

  /** Whether a folder looks like one: it has weights under a name of transformers'. */
  static boolean isOne(Path folder) {
    return weights(folder) != null || Files.exists(folder.resolve(CONFIG));
  }

  private static @Nullable Path weights(Path folder) {
    for (String name : new String[] {SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX}) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    return null;
  }

  static Checkpoint open(Path folder, @Nullable Path configOverride) throws IOException {
    Path weights = weights(folder);
    if (weights == null) {
      throw new CheckpointException(
          "folder "
              + folder
              + " has none of "
              + String.join(", ", SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX)
              + "; is the download complete?");
    }
    return openFile(weights, configOverride);
  }

  /** Opens weights in one file or an index of several, {@code config.json} beside it. */
  static Checkpoint openFile(Path weights, @Nullable Path configOverride) throws IOException {
    Path configFile = configOverride == null ? weights.resolveSibling(CONFIG) : configOverride;
    if (!Files.exists(configFile)) {
      throw new CheckpointException(
          "there is no "
              + configFile
              + ", which should describe "
              + weights
              + "; name a configuration file");
    }
    ObjectNode config = StrictJson.readObject(configFile);
    NamedTensors tensors = tensors(weights);
    try {
      return new HuggingFaceCheckpoint(config, tensors);
    } catch (IOException | RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private static NamedTensors tensors(Path weights) throws IOException {
    String name = weights.getFileName().toString();
    if (name.endsWith(".safetensors.index.json")) {
      return ShardedTensors.open(weights, Safetensors::open);
    }
    if (name.endsWith(".index.json")) {
      return ShardedTensors.open(weights, TorchStateDict::open);
    }
    return name.endsWith(".safetensors") ? Safetensors.open(weights) : TorchStateDict.open(weights);
  }
}
