package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * An open checkpoint: a configuration and named tensors, whatever the file format.
 *
 * <p>Tensors are read lazily; where the format allows they are views of a memory-mapped file. All
 * are valid until the checkpoint is closed. Thread-safe.
 */
public interface Checkpoint extends AutoCloseable {
  /** Where it was read from, for messages. */
  String source();

  /** The content of {@code config.json}, in transformers' terms; a copy. */
  ObjectNode config();

  /** Names of all tensors, in transformers' terms, in the order of the file. */
  Set<String> names();

  /**
   * Element type of a tensor.
   *
   * @throws IllegalArgumentException if there is no tensor of that name
   */
  DType dtype(String name);

  /**
   * Shape of a tensor.
   *
   * @throws IllegalArgumentException if there is no tensor of that name
   */
  Shape shape(String name);

  /**
   * A tensor of the checkpoint.
   *
   * @throws IllegalArgumentException if there is no tensor of that name
   * @throws IOException if reading fails
   */
  Tensor tensor(String name) throws IOException;

  @Override
  void close();
}
