// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.scalar.ScalarActivations;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer with an activation ({@code sentence_transformers…Dense}): {@code f(W·x + b)}, and
 * {@code + x} or {@code + R·x} where it has a residual. It is computed on the host in double
 * precision: one vector a text costs little beside the text's tokens.
 */
public final class DenseStep implements EmbeddingStep {
  private final int inputs;
  private final int outputs;
  private final float[] weight;
  private final float @Nullable [] bias;
  private final Activation activation;
  private final Residual residual;

  /**
   * What is added to the result.
   *
   * @param isAdded whether the input is
   * @param weight {@code [outputs, inputs]} that the input is multiplied with first, or null
   */
  record Residual(boolean isAdded, float @Nullable [] weight) {
    static final Residual NONE = new Residual(false, null);
  }

  /**
   * A layer.
   *
   * @param weight {@code [outputs, inputs]}
   * @param bias {@code [outputs]}, or null
   */
  DenseStep(
      int inputs,
      int outputs,
      float[] weight,
      float @Nullable [] bias,
      Activation activation,
      Residual residual) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.weight = weight;
    this.bias = bias;
    this.activation = activation;
    this.residual = residual;
  }

  @Override
  public int outputs(int size) {
    if (size != inputs) {
      throw new IllegalArgumentException(
          "the model's Dense module takes vectors of "
              + inputs
              + " numbers, they have "
              + size
              + "; choose the pooling that the model was trained with");
    }
    return outputs;
  }

  @Override
  public float[] apply(float[] vector) {
    float[] out = new float[outputs(vector.length)];
    for (int o = 0; o < outputs; o++) {
      double sum = bias == null ? 0 : bias[o];
      double value = ScalarActivations.apply(activation, sum + dot(weight, o, vector));
      if (residual.isAdded()) {
        value += residual.weight() == null ? vector[o] : dot(residual.weight(), o, vector);
      }
      out[o] = (float) value;
    }
    return out;
  }

  private double dot(float[] matrix, int row, float[] vector) {
    double dot = 0;
    for (int i = 0; i < inputs; i++) {
      dot += (double) matrix[row * inputs + i] * vector[i];
    }
    return dot;
  }
}
