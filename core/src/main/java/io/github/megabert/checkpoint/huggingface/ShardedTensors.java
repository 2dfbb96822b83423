// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tensors spread over several files by an index: {@code {"weight_map": {tensor: file}}}.
 *
 * <p>Files must lie beside the index. What a file holds beyond the index's list is not shown.
 */
final class ShardedTensors implements NamedTensors {
  private static final int MOST_SHARDS = 1000;

  /** Opens one shard. */
  @FunctionalInterface
  interface ShardReader {
    NamedTensors open(Path shard) throws IOException;
  }

  private final Path index;
  private final Map<String, NamedTensors> files = new LinkedHashMap<>();
  private final Map<String, NamedTensors> byName = new LinkedHashMap<>();

  private ShardedTensors(Path index) {
    this.index = index;
  }

  static ShardedTensors open(Path index, ShardReader reader) throws IOException {
    ShardedTensors sharded = new ShardedTensors(index);
    try {
      sharded.readIndex(StrictJson.readObject(index), reader);
      return sharded;
    } catch (IOException | RuntimeException e) {
      sharded.close();
      throw e;
    }
  }

  private void readIndex(ObjectNode json, ShardReader reader) throws IOException {
    if (!(json.get("weight_map") instanceof ObjectNode weightMap)) {
      throw new CheckpointException(index + " has no object weight_map from tensors to files");
    }
    for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
      String name = entry.getKey();
      if (!entry.getValue().isString()) {
        throw new CheckpointException(
            index + " gives no file name for tensor " + quote(name) + " but something else");
      }
      NamedTensors shard = shard(entry.getValue().asString(), reader);
      if (!shard.names().contains(name)) {
        throw new CheckpointException(
            index
                + " says that tensor "
                + quote(name)
                + " is in "
                + shard.source()
                + ", it is not");
      }
      byName.put(name, shard);
    }
    for (NamedTensors shard : files.values()) {
      for (String name : shard.names()) {
        NamedTensors owner = byName.get(name);
        if (owner != null && !owner.source().equals(shard.source())) {
          throw new CheckpointException(
              "tensor "
                  + quote(name)
                  + " is in "
                  + owner.source()
                  + " as "
                  + index
                  + " says, but also in "
                  + shard.source());
        }
      }
    }
  }

  private NamedTensors shard(String file, ShardReader reader) throws IOException {
    NamedTensors open = files.get(file);
    if (open != null) {
      return open;
    }
    if (file.isEmpty()
        || file.contains("/")
        || file.contains("\\")
        || file.indexOf('\0') >= 0
        || file.equals("..")
        || file.equals(".")) {
      throw new CheckpointException(
          index + " names " + quote(file) + ", but shards must be files in the same folder");
    }
    if (files.size() == MOST_SHARDS) {
      throw new CheckpointException(index + " names more than " + MOST_SHARDS + " files");
    }
    Path path;
    try {
      path = index.resolveSibling(file);
    } catch (InvalidPathException e) {
      throw new CheckpointException(
          index + " names " + quote(file) + ", which is no file name on this system", e);
    }
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(
          index + " names " + quote(file) + ", which is not there; is the download complete?");
    }
    NamedTensors shard = reader.open(path);
    files.put(file, shard);
    return shard;
  }

  @Override
  public String source() {
    return index.toString();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  @Override
  public DType dtype(String name) {
    return owner(name).dtype(name);
  }

  @Override
  public Shape shape(String name) {
    return owner(name).shape(name);
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    return owner(name).tensor(name);
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return owner(name).tensor(name, arena);
  }

  @Override
  public void requireUnchanged() {
    files.values().forEach(NamedTensors::requireUnchanged);
  }

  @Override
  public void close() {
    OwnedArena.closeAll(files.values());
  }

  private NamedTensors owner(String name) {
    NamedTensors shard = byName.get(name);
    if (shard == null) {
      throw new IllegalArgumentException(index + " has no tensor " + name);
    }
    return shard;
  }
}
