// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

/** Probabilities out of logits, computed in double. */
final class Softmax {
  private Softmax() {}

  /** {@code exp(x) / Σ exp(x)}. */
  static float[] of(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double[] powers = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      powers[i] = Math.exp(logits[i] - max);
      sum += powers[i];
    }
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = (float) (powers[i] / sum);
    }
    return probabilities;
  }
}
