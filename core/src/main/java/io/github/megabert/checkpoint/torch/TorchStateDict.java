// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A PyTorch file that holds one flat dictionary from names to tensors, as transformers saves. */
public final class TorchStateDict implements NamedTensors {
  private final TorchFile file;
  private final Map<String, TorchTensor> tensors = new LinkedHashMap<>();

  /** Tensors that were read and live as long as the file, by name. */
  private final Map<String, Tensor> read = new HashMap<>();

  public TorchStateDict(TorchFile file) throws CheckpointException {
    this.file = file;
    for (Map.Entry<?, ?> entry : dictionary().entrySet()) {
      if (entry.getKey() instanceof String name && entry.getValue() instanceof TorchTensor tensor) {
        file.requireReadable(tensor);
        tensors.put(name, tensor);
      }
    }
    if (tensors.isEmpty()) {
      throw new CheckpointException(
          file.source() + " holds no dictionary from names to tensors, as a saved model does");
    }
  }

  public static TorchStateDict open(Path path) throws IOException {
    TorchFile file = TorchFile.open(path);
    try {
      return new TorchStateDict(file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** The saved dictionary, also where training code wrapped it into another. */
  private Map<?, ?> dictionary() throws CheckpointException {
    for (String key : new String[] {"state_dict", "model_state_dict", "model", "module"}) {
      if (PickleValues.member(file.root(), key) instanceof Map<?, ?> inner) {
        return inner;
      }
    }
    if (file.root() instanceof Map<?, ?> map) {
      return map;
    }
    throw new CheckpointException(
        file.source() + " holds something else than a dictionary from names to tensors");
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public DType dtype(String name) {
    return find(name).dtype();
  }

  @Override
  public Shape shape(String name) {
    return find(name).shape();
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    TorchTensor stored = find(name);
    synchronized (read) {
      Tensor tensor = read.get(name);
      if (tensor == null) {
        tensor = file.read(stored, file.arena());
        read.put(name, tensor);
      }
      return tensor;
    }
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return file.read(find(name), arena);
  }

  @Override
  public void requireUnchanged() {
    file.requireUnchanged();
  }

  @Override
  public void close() {
    file.close();
  }

  private TorchTensor find(String name) {
    TorchTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(file.source() + " has no tensor " + quote(name));
    }
    return tensor;
  }
}
