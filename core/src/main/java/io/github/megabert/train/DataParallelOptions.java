// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

/**
 * How copies of a model train together. The results are the same to within rounding.
 *
 * @param distributedOptimizer whether the optimizer's state is cut over the copies (Megatron-LM's
 *     distributed optimizer; ZeRO-2 of Rajbhandari et al. 2020): each gets the sum of its share of
 *     the gradients, updates its share of the parameters, and the shares are gathered. A checkpoint
 *     holds the whole state
 * @param overlap whether a gradient is summed over the copies as soon as the last backward pass of
 *     a step has completed it, while that goes on; otherwise behind it, with the same bits
 */
public record DataParallelOptions(boolean distributedOptimizer, boolean overlap) {
  /** Every copy has all of the state, and gradients are summed meanwhile. */
  public static final DataParallelOptions DEFAULT = new DataParallelOptions(false, true);

  /** These options with the optimizer's state cut over the copies, or not. */
  public DataParallelOptions withDistributedOptimizer(boolean value) {
    return new DataParallelOptions(value, overlap);
  }

  /** These options with gradients summed during the backward pass, or behind it. */
  public DataParallelOptions withOverlap(boolean value) {
    return new DataParallelOptions(distributedOptimizer, value);
  }
}
