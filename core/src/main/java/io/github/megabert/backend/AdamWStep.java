// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * The numbers of one step of AdamW.
 *
 * @param learningRate of this step
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param eps added to the root of the second moment
 * @param weightDecay decoupled weight decay, times the learning rate
 * @param gradientScale factor of the gradient, for clipping and averaging
 * @param step number of this update, from 1, for the bias correction
 */
public record AdamWStep(
    double learningRate,
    double beta1,
    double beta2,
    double eps,
    double weightDecay,
    double gradientScale,
    long step) {
  /** As {@code torch.nn.utils.clip_grad_norm_} adds to the norm. */
  public static final double CLIP_EPS = 1e-6;

  /**
   * By what gradients of a norm are multiplied so that it is no larger than another.
   *
   * @param largest 0 for any
   */
  public static double clipFactor(double norm, double largest) {
    return largest == 0 ? 1 : Math.min(1, largest / (norm + CLIP_EPS));
  }

  /** The same with another gradient scale. */
  AdamWStep scaled(double scale) {
    return new AdamWStep(learningRate, beta1, beta2, eps, weightDecay, scale, step);
  }

  /** {@code 1 − β₁^step}. */
  public double firstCorrection() {
    return 1 - Math.pow(beta1, (double) step);
  }

  /** {@code 1 − β₂^step}. */
  public double secondCorrection() {
    return 1 - Math.pow(beta2, (double) step);
  }
}
