// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Another checkpoint, that tells which tensors are taken out of it. */
final class ObservedCheckpoint implements Checkpoint {
  private final Checkpoint checkpoint;
  private final LoadingProgress listener;
  private final long total;
  private final Set<String> taken = new HashSet<>();
  private long done;

  ObservedCheckpoint(Checkpoint checkpoint, LoadingProgress listener) {
    this.checkpoint = checkpoint;
    this.listener = listener;
    total = checkpoint.names().stream().mapToLong(this::bytes).sum();
  }

  private long bytes(String name) {
    return checkpoint.dtype(name).byteSize(checkpoint.shape(name).elements());
  }

  private synchronized void tell(String name) {
    if (taken.add(name)) {
      done += bytes(name);
      listener.loading(name, done, total);
    }
  }

  @Override
  public String configSource() {
    return checkpoint.configSource();
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return checkpoint.config();
  }

  @Override
  public String source() {
    return checkpoint.source();
  }

  @Override
  public Set<String> names() {
    return checkpoint.names();
  }

  @Override
  public DType dtype(String name) {
    return checkpoint.dtype(name);
  }

  @Override
  public Shape shape(String name) {
    return checkpoint.shape(name);
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    Tensor tensor = checkpoint.tensor(name);
    tell(name);
    return tensor;
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    Tensor tensor = checkpoint.tensor(name, arena);
    tell(name);
    return tensor;
  }

  @Override
  public void requireUnchanged() {
    checkpoint.requireUnchanged();
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
