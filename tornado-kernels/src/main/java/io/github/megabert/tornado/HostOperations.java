// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/** Operations on few numbers, which the scalar backend computes: losses that are not of tokens. */
final class HostOperations {
  private final TornadoComputation computation;

  HostOperations(TornadoComputation computation) {
    this.computation = computation;
  }

  /** The result of a computation of the scalar backend, brought to the device. */
  Matrix compute(Function<Computation, Matrix> operation) {
    try (Backend scalar = Backends.open(Backends.SCALAR, BackendOptions.DEFAULT);
        Computation host = scalar.begin()) {
      Matrix result = operation.apply(host);
      return computation.upload(numbers(host, result));
    }
  }

  /** Writes the result of a computation of the scalar backend over a matrix. */
  void replace(Matrix matrix, Function<Computation, Matrix> operation) {
    Matrix result = compute(operation);
    computation.copy(
        computation.own(result, "result", matrix.rows(), matrix.columns()),
        computation.own(matrix, "matrix"));
  }

  /** A copy of a matrix for a computation of the scalar backend. */
  Matrix copy(Computation host, Matrix matrix) {
    return host.upload(numbers(computation, matrix));
  }

  private static Tensor numbers(Computation of, Matrix matrix) {
    float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
    of.read(matrix, MemorySegment.ofArray(values));
    Shape shape = Shape.of(matrix.rows(), matrix.columns());
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, shape);
  }
}
