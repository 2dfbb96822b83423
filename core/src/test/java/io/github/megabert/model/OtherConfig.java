// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A checkpoint under another configuration. */
record OtherConfig(Checkpoint checkpoint, Map<String, @Nullable Object> config)
    implements Checkpoint {
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
    return checkpoint.tensor(name);
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
