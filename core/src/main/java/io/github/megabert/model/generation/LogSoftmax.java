// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.tensor.Tensor;

/** Logarithms of probabilities. */
final class LogSoftmax {
  private LogSoftmax() {}

  /** {@code x - log Σ exp(x)} of row {@code row} of {@code [rows, columns]} logits. */
  static float[] row(Tensor logits, int row) {
    float[] values = logits.rows(row, row + 1).toFloatArray();
    double max = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - max);
    }
    double logSum = max + Math.log(sum);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] - logSum);
    }
    return values;
  }
}
