// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Matrices of a computation that are used again: a computation frees nothing before it is closed,
 * and a step's layers have few shapes.
 */
final class TapeBuffers {
  private record Shape(int rows, int columns) {}

  private final Computation computation;
  private final Gradients gradients;
  private final Map<Shape, Deque<Matrix>> free = new HashMap<>();

  TapeBuffers(Computation computation, Gradients gradients) {
    this.computation = computation;
    this.gradients = gradients;
  }

  /** A matrix of undefined contents. */
  Matrix take(int rows, int columns) {
    Deque<Matrix> matrices = free.get(new Shape(rows, columns));
    return matrices == null || matrices.isEmpty()
        ? computation.matrix(rows, columns)
        : matrices.pop();
  }

  /** Takes back a matrix that nobody will read. */
  void give(Matrix matrix) {
    gradients.discard(matrix);
    free.computeIfAbsent(new Shape(matrix.rows(), matrix.columns()), absent -> new ArrayDeque<>())
        .push(matrix);
  }

  /** Rounds a matrix to what the tape keeps; whether that is bfloat16. */
  boolean round(Matrix matrix) {
    if (gradients.precision() != Precision.BF16) {
      return false;
    }
    gradients.round(matrix);
    return true;
  }

  /** The rounded numbers of a matrix in half the memory. */
  Matrix pack(Matrix matrix) {
    Matrix halves = take(Math.ceilDiv(matrix.rows(), 2), matrix.columns());
    gradients.pack(matrix, halves);
    return halves;
  }

  /** The numbers that {@link #pack} stored. */
  Matrix unpack(Matrix halves, int rows) {
    Matrix matrix = take(rows, halves.columns());
    gradients.unpack(halves, matrix);
    return matrix;
  }
}
