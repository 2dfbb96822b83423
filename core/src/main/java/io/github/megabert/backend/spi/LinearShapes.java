// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.spi;

import io.github.megabert.backend.Backend;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The extents of stacked linear layers.
 *
 * @param inputs columns of the input
 * @param outputs columns of the output, all layers together
 */
public record LinearShapes(int inputs, int outputs) {
  /**
   * Checks what {@link Backend#linear} is given.
   *
   * @throws IllegalArgumentException if there is no weight, a weight is no matrix, the weights
   *     differ in inputs, or a bias does not fit its weight
   */
  public static LinearShapes check(List<Tensor> weights, List<@Nullable Tensor> biases) {
    if (weights.isEmpty() || weights.size() != biases.size()) {
      throw new IllegalArgumentException(
          "a linear layer needs at least one weight and as many biases, not "
              + weights.size()
              + " and "
              + biases.size());
    }
    int inputs = -1;
    int outputs = 0;
    for (int i = 0; i < weights.size(); i++) {
      Shape shape = weights.get(i).shape();
      if (shape.rank() != 2 || (inputs >= 0 && shape.intExtent(1) != inputs)) {
        throw new IllegalArgumentException(
            "weight "
                + i
                + " of a linear layer has shape "
                + shape
                + (inputs < 0 ? ", a matrix is needed" : ", [outputs, " + inputs + "] is needed"));
      }
      inputs = shape.intExtent(1);
      Tensor bias = biases.get(i);
      if (bias != null && !bias.shape().equals(Shape.of(shape.extent(0)))) {
        throw new IllegalArgumentException(
            "bias " + i + " of a linear layer has shape " + bias.shape() + ", its weight " + shape);
      }
      outputs = Math.addExact(outputs, shape.intExtent(0));
    }
    return new LinearShapes(inputs, outputs);
  }
}
