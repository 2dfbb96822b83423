// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

/** Losses of single examples, of their logits. */
final class LogitLosses {
  private LogitLosses() {}

  /** The cross entropy of a softmax, in nats. */
  static double crossEntropy(float[] logits, int label) {
    double max = logits[argMax(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return Math.log(sum) + max - logits[label];
  }

  /** The binary cross entropy of a sigmoid, in nats. */
  static double binaryCrossEntropy(double logit, boolean applies) {
    double softplus = Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)));
    return applies ? softplus - logit : softplus;
  }

  /** Index of the greatest; of equal ones the first. */
  static int argMax(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }
}
