// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Holds a model's parameters in the form its kernels read and runs computations on them.
 *
 * <p>Parameters are immutable once made, and any number of threads may run computations at once.
 * Closing frees all parameters; closing twice is harmless, use after close throws {@link
 * IllegalStateException}.
 */
public interface Backend extends AutoCloseable {
  /** A table or a vector of numbers: an embedding table, the weight of a LayerNorm. */
  interface Parameter {
    /** Rows of a table; 1 for a vector. */
    int rows();

    /** Numbers a row. */
    int columns();
  }

  /**
   * The weight and bias of a linear layer, {@code y = x·Wᵀ + b}, packed for the backend's kernel.
   */
  interface Linear {
    /** Columns of x, the weight's second extent. */
    int inputs();

    /** Columns of y, the weight's first extent. */
    int outputs();
  }

  /** The name on the command line, such as {@code vector}. */
  String name();

  /** The device in words, such as {@code 16 float lanes (512 bits), 2 threads}. */
  String device();

  /** How weights of linear layers are stored. */
  Precision precision();

  /**
   * Refuses ranks that cannot compute on backends of this kind. Each rank asks before it loads its
   * part of a model, or trains with others.
   *
   * @throws IllegalArgumentException if they cannot, with the remedy
   */
  default void requireRanks(Communicator group) {}

  /**
   * Takes a table {@code [rows, columns]} or a vector {@code [columns]} of a floating-point dtype.
   * The backend may keep reading the tensor's memory, which must outlive the backend.
   */
  Parameter parameter(Tensor values);

  /**
   * Takes linear layers that read the same input and stacks them into one: the outputs of the first
   * come first. The tensors may be freed afterwards, unless {@link BackendOptions#packing} is off.
   *
   * @param weights one or more weights {@code [outputs, inputs]}
   * @param biases as many biases {@code [outputs]}; null stands for zeros
   * @throws IllegalArgumentException if the shapes do not fit
   */
  Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases);

  /**
   * A table or a vector that reads {@code values} whenever it is used, so that it sees what
   * training has changed. The matrix must outlive it.
   *
   * @throws UnsupportedOperationException if the backend does not train
   */
  Parameter parameter(ResidentMatrix values);

  /**
   * A linear layer that reads its parameters whenever it is used.
   *
   * @param weight {@code [outputs, inputs]}
   * @param bias as many numbers as outputs
   * @throws UnsupportedOperationException if the backend does not train
   */
  Linear linear(ResidentMatrix weight, ResidentMatrix bias);

  /**
   * A zero-filled matrix that outlives computations, such as a key-value cache; the caller closes
   * it.
   */
  ResidentMatrix resident(int rows, int columns);

  /**
   * Writes rows of a resident matrix.
   *
   * @param firstRow the first that is written
   * @param values {@code [rows, columns]}
   */
  default void write(ResidentMatrix matrix, int firstRow, Tensor values) {
    try (Computation computation = begin()) {
      int[] rows = range(firstRow, values.shape().intExtent(0));
      computation.scatterRows(computation.upload(values), 0, rows, matrix);
      computation.finish();
    }
  }

  /**
   * Copies rows of a resident matrix, as float32.
   *
   * @param destination room for {@code rows} rows
   */
  default void read(ResidentMatrix matrix, int firstRow, int rows, MemorySegment destination) {
    try (Computation computation = begin()) {
      Matrix part = computation.matrix(rows, matrix.columns());
      computation.gatherRows(matrix, range(firstRow, rows), part);
      computation.read(part, destination);
    }
  }

  private static int[] range(int first, int count) {
    return IntStream.range(first, first + count).toArray();
  }

  /**
   * Measures how fast the device multiplies and adds, in GFLOP/s; 0 if the backend cannot measure
   * it.
   */
  default double measurePeak() {
    return 0;
  }

  /**
   * Bytes of the parameters that it has taken: its own copies, and tables that it reads where they
   * lie, such as in a mapped file. 0 once it is closed; empty if the backend does not count them.
   */
  default OptionalLong parameterBytes() {
    return OptionalLong.empty();
  }

  /**
   * Prepares on another thread what slows the first computations down, such as kernels that have to
   * be compiled.
   *
   * @return completed when it is done, at once where there is nothing to prepare; cancelled when
   *     the backend is closed before
   */
  default CompletableFuture<Void> warmUp() {
    return CompletableFuture.completedFuture(null);
  }

  /**
   * Messages between the ranks of a group that do not pass through host memory; null where that
   * cannot be. All ranks of the group call it, and all get messages or none does.
   */
  default @Nullable DeviceMessages deviceMessages(Communicator group) {
    return null;
  }

  /** Begins a computation. It belongs to one thread; close it when its results have been read. */
  Computation begin();

  @Override
  void close();
}
