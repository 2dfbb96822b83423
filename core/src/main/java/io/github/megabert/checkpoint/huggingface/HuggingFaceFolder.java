// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A folder as transformers' {@code save_pretrained} writes it, now or years ago. */
public final class HuggingFaceFolder {
  static final String CONFIG = "config.json";
  static final String SAFETENSORS = "model.safetensors";
  static final String SAFETENSORS_INDEX = "model.safetensors.index.json";
  static final String TORCH = "pytorch_model.bin";
  static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  private HuggingFaceFolder() {}

  /** Whether a folder has weights under a name of transformers'. */
  public static boolean hasWeights(Path folder) {
    return weights(folder) != null;
  }

  private static @Nullable Path weights(Path folder) {
    for (String name : new String[] {SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX}) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    return null;
  }

  public static Checkpoint open(Path folder, @Nullable Path configOverride) throws IOException {
    Path weights = weights(folder);
    if (weights == null) {
      throw new CheckpointException(
          "folder "
              + folder
              + " has none of "
              + String.join(", ", SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX)
              + ", nor mp_rank_ folders of Megatron-LM; is the download complete?");
    }
    return openFile(weights, configOverride);
  }

  /** Opens weights in one file or an index of several, {@code config.json} beside it. */
  public static Checkpoint openFile(Path weights, @Nullable Path configOverride)
      throws IOException {
    Path configFile = configFile(weights, configOverride);
    ObjectNode config = StrictJson.readObject(configFile);
    return join(config, configFile, tensors(weights));
  }

  /** A checkpoint of tensors that were read from {@code weights}. */
  public static Checkpoint open(NamedTensors tensors, Path weights, @Nullable Path configOverride)
      throws IOException {
    Path configFile = configFile(weights, configOverride);
    return join(StrictJson.readObject(configFile), configFile, tensors);
  }

  private static Checkpoint join(ObjectNode config, Path configFile, NamedTensors tensors)
      throws IOException {
    try {
      return new HuggingFaceCheckpoint(config, configFile.toString(), tensors);
    } catch (IOException | RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private static Path configFile(Path weights, @Nullable Path configOverride) throws IOException {
    Path configFile = configOverride == null ? weights.resolveSibling(CONFIG) : configOverride;
    if (!Files.exists(configFile)) {
      throw new CheckpointException(
          "there is no "
              + configFile
              + ", which should describe "
              + weights
              + "; name a configuration file");
    }
    return configFile;
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
