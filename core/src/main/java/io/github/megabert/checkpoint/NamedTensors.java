package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Set;

/**
 * Tensors by name, as one file or a set of files holds them.
 *
 * <p>Tensors are read lazily; where the format allows they are views of a memory-mapped file. All
 * are valid until this is closed. Thread-safe.
 */
public interface NamedTensors extends AutoCloseable {
  /** Where they were read from, for messages. */
  String source();

  /** Names of all tensors, in the order of the file. */
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
   * A tensor; what cannot be a view of a mapped file is a copy that lives until this is closed.
   *
   * @throws IllegalArgumentException if there is no tensor of that name
   * @throws IOException if reading fails
   */
  Tensor tensor(String name) throws IOException;

  /**
   * A tensor; what cannot be a view of a mapped file is a copy owned by {@code arena}. Reading a
   * model one tensor at a time, each with an arena of its own, needs memory for one tensor only.
   *
   * @throws IllegalArgumentException if there is no tensor of that name
   * @throws IOException if reading fails
   */
  default Tensor tensor(String name, Arena arena) throws IOException {
    return tensor(name);
  }

  /** Releases files and memory; every tensor becomes invalid. Closing twice is harmless. */
  @Override
  void close();
}
