// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/** Tensors of all ranks by the names of the whole model's. The ranks' files stay open. */
final class MergedTensors implements NamedTensors {
  private final String source;
  private final Map<String, MergedTensor> tensors;
  private final OwnedArena copies = new OwnedArena();

  MergedTensors(String source, Map<String, MergedTensor> tensors) {
    this.source = source;
    this.tensors = tensors;
  }

  @Override
  public String source() {
    return source;
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
    return find(name).read(copies.arena());
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return find(name).read(arena);
  }

  private MergedTensor find(String name) {
    MergedTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(source + " has no tensor " + name);
    }
    return tensor;
  }

  @Override
  public void close() {
    copies.close();
  }
}
