// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.ConversionProgress;
import io.github.megabert.checkpoint.ElementConversion;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.json.JsonMap;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** Writes a checkpoint as transformers' {@code save_pretrained} does. */
public final class HuggingFaceWriter {
  private final Checkpoint input;
  private final ElementConversion conversion;
  private final long largestShard;
  private final ConversionProgress progress;
  private long done;
  private long total;

  public HuggingFaceWriter(
      Checkpoint input,
      ElementConversion conversion,
      long largestShard,
      ConversionProgress progress) {
    this.input = input;
    this.conversion = conversion;
    this.largestShard = largestShard;
    this.progress = progress;
  }

  /** Fills an empty folder; the configuration comes last, so that the folder loads only whole. */
  public void write(Path folder, Map<String, Path> alongside) throws IOException {
    List<List<TensorSpec>> shards = shards();
    if (shards.size() == 1) {
      writeShard(folder.resolve(HuggingFaceFolder.SAFETENSORS), shards.getFirst());
    } else {
      ObjectNode index = StrictJson.emptyObject();
      index.putObject("metadata").put("total_size", total);
      ObjectNode weightMap = index.putObject("weight_map");
      for (int i = 0; i < shards.size(); i++) {
        String file =
            String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
        writeShard(folder.resolve(file), shards.get(i));
        shards.get(i).forEach(spec -> weightMap.put(spec.name(), file));
      }
      StrictJson.writeObject(folder.resolve(HuggingFaceFolder.SAFETENSORS_INDEX), index);
    }
    for (Map.Entry<String, Path> file : alongside.entrySet()) {
      Path target = folder.resolve(file.getKey());
      if (target.getParent() != null) {
        Files.createDirectories(target.getParent());
      }
      Files.copy(file.getValue(), target);
    }
    StrictJson.writeObject(folder.resolve(HuggingFaceFolder.CONFIG), config());
  }

  private List<List<TensorSpec>> shards() {
    List<List<TensorSpec>> shards = new ArrayList<>();
    List<TensorSpec> shard = new ArrayList<>();
    shards.add(shard);
    long bytes = 0;
    for (String name : input.names()) {
      TensorSpec spec = new TensorSpec(name, conversion.of(input.dtype(name)), input.shape(name));
      if (bytes > 0 && bytes + spec.byteSize() > largestShard) {
        shard = new ArrayList<>();
        shards.add(shard);
        bytes = 0;
      }
      shard.add(spec);
      bytes += spec.byteSize();
      total += spec.byteSize();
    }
    return shards;
  }

  private void writeShard(Path file, List<TensorSpec> specs) throws IOException {
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of("format", "pt"))) {
      for (TensorSpec spec : specs) {
        try (Arena arena = Arena.ofConfined()) {
          Tensor tensor = input.tensor(spec.name(), arena);
          writer.write(spec.name(), conversion.apply(spec.name(), tensor, arena));
        }
        done += spec.byteSize();
        progress.written(spec.name(), done, total);
      }
      writer.commit();
    }
  }

  private ObjectNode config() {
    ObjectNode config = JsonMap.toObject(input.config());
    DType target = conversion.target();
    if (target != null) {
      config.remove("torch_dtype");
      config.put(
          "dtype",
          switch (target) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
          });
    }
    return config;
  }
}
