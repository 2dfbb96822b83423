package io.github.megabert.train;

/**
 * How copies of a model train together.
 *
 * @param distributedOptimizer whether the optimizer's state is cut over the copies (Megatron-LM's
 *     distributed optimizer; ZeRO-2 of Rajbhandari et al. 2020): each gets the sum of its share of
 *     the gradients, updates its share of the parameters, and the shares are gathered. The results
 *     are the same, and a checkpoint holds the whole state
 */
public record DataParallelOptions(boolean distributedOptimizer) {
  /** Every copy has all of the state. */
  public static final DataParallelOptions DEFAULT = new DataParallelOptions(false);

  /** These options with the optimizer's state cut over the copies, or not. */
  public DataParallelOptions withDistributedOptimizer(boolean value) {
    return new DataParallelOptions(value);
  }
}
