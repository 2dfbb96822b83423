// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
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
 *
 * <p>Mapped means that a tensor shows what the file holds when its numbers are read. A file that is
 * replaced by renaming another to its name, or deleted, stays as it was for who has it open; one
 * that is written to in place changes the tensors. Who notices throws {@link FileChangedException}
 * or, where an {@link IOException} is allowed, {@link CheckpointException}: reads that find the
 * file cut short, and {@link #tensor}, which compares sizes and times. Reading the {@link
 * Tensor#segment} of a tensor whose file was cut short throws {@link InternalError}.
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
   * @throws FileChangedException if the file was changed in place since it was opened
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

  /**
   * Compares the files with what they were when they were opened, by their size and the time of
   * their last change. {@link #tensor} does so too; a program that reads a tensor that it has had
   * for long can ask again, for some microseconds a file.
   *
   * @throws FileChangedException if one was changed in place since
   * @throws IllegalStateException if this is closed
   */
  default void requireUnchanged() {}

  /**
   * Releases files and memory; every tensor becomes invalid. Closing twice is harmless.
   *
   * @throws IllegalStateException if the system is reading a tensor for another thread just now;
   *     then it can be closed again later
   */
  @Override
  void close();
}
