// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.LinkedHashSet;
import java.util.Set;

/** Those of some tensors whose names begin with a prefix, by the rest of their names. */
record PrefixedTensors(NamedTensors all, String prefix) implements NamedTensors {
  @Override
  public String source() {
    return all.source();
  }

  @Override
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    for (String name : all.names()) {
      if (name.startsWith(prefix)) {
        names.add(name.substring(prefix.length()));
      }
    }
    return names;
  }

  @Override
  public DType dtype(String name) {
    return all.dtype(prefix + name);
  }

  @Override
  public Shape shape(String name) {
    return all.shape(prefix + name);
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    return all.tensor(prefix + name);
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return all.tensor(prefix + name, arena);
  }

  /** The tensors stay open. */
  @Override
  public void close() {}
}
