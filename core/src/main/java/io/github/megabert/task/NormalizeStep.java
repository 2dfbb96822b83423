// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

/** Gives a vector length 1 ({@code sentence_transformers…Normalize}); zeros stay zeros. */
public record NormalizeStep() implements EmbeddingStep {
  @Override
  public int outputs(int inputs) {
    return inputs;
  }

  @Override
  public float[] apply(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    double length = squares > 0 ? Math.sqrt(squares) : 1;
    float[] out = new float[vector.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (vector[i] / length);
    }
    return out;
  }
}
