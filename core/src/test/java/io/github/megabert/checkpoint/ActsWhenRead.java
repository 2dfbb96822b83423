// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Set;

/**
 * A checkpoint that something happens to whenever a view of a large tensor has been taken, before
 * it is read, and whenever its files have been compared with what they were.
 */
record ActsWhenRead(Checkpoint checkpoint, Runnable action) implements Checkpoint {
  private static final long LARGE = 4096;

  @Override
  public Map<String, Object> config() {
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
    return acted(checkpoint.tensor(name));
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return acted(checkpoint.tensor(name, arena));
  }

  private Tensor acted(Tensor view) {
    if (view.byteSize() > LARGE) {
      action.run();
    }
    return view;
  }

  @Override
  public void requireUnchanged() {
    checkpoint.requireUnchanged();
    action.run();
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
