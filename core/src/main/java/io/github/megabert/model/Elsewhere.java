// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.Shape;

/**
 * A matrix or parameter that another stage of a pipeline has: its shape without numbers.
 *
 * @param rows of a matrix, or outputs of a linear layer
 * @param columns of a matrix, or inputs of a linear layer
 */
record Elsewhere(int rows, int columns) implements Matrix, Backend.Parameter, Backend.Linear {
  /** A parameter of the whole model, whatever tensor parallelism makes of it. */
  static Elsewhere of(ParameterSpec spec) {
    Shape shape = spec.shape();
    return new Elsewhere(shape.rank() == 1 ? 1 : shape.intExtent(0), shape.intExtent(-1));
  }

  @Override
  public int inputs() {
    return columns;
  }

  @Override
  public int outputs() {
    return rows;
  }
}
