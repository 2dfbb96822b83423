// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import java.util.Locale;

/**
 * AdamW's numbers.
 *
 * @param learningRate the peak rate, which a schedule multiplies
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param eps added to the root of the second moment
 * @param weightDecay decoupled decay of matrices and embeddings; biases and LayerNorms have none
 * @param clip L2 norm of all gradients together at most; 0 clips nothing
 * @param layerDecay factor of the rate from a layer to the one below it; 1 for one rate
 */
public record AdamWOptions(
    double learningRate,
    double beta1,
    double beta2,
    double eps,
    double weightDecay,
    double clip,
    double layerDecay) {
  /** A rate of 5e-5, a decay of 0.01, gradients clipped to 1. */
  public static final AdamWOptions DEFAULT =
      new AdamWOptions(5e-5, 0.9, 0.999, 1e-8, 0.01, 1.0, 1.0);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming the number, what was given and what is expected
   */
  public AdamWOptions {
    require("learningRate", learningRate, learningRate > 0 && Double.isFinite(learningRate), "> 0");
    require("beta1", beta1, beta1 >= 0 && beta1 < 1, "at least 0 and less than 1");
    require("beta2", beta2, beta2 >= 0 && beta2 < 1, "at least 0 and less than 1");
    require("eps", eps, eps > 0 && Double.isFinite(eps), "> 0");
    require("weightDecay", weightDecay, weightDecay >= 0 && weightDecay < 1e6, "at least 0");
    require("clip", clip, clip >= 0 && Double.isFinite(clip), "at least 0");
    require("layerDecay", layerDecay, layerDecay > 0 && layerDecay <= 1, "in (0, 1]");
  }

  private static void require(String name, double value, boolean holds, String wanted) {
    if (!holds) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be %s, not %s", name, wanted, value));
    }
  }

  /** These numbers with another peak rate. */
  public AdamWOptions withLearningRate(double value) {
    return new AdamWOptions(value, beta1, beta2, eps, weightDecay, clip, layerDecay);
  }
}
