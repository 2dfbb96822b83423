// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

/**
 * The numbers with which Megatron-LM goes on with a run: where it is, how AdamW updates, and the
 * learning rate's course, which it counts in samples.
 *
 * @param iteration steps done
 * @param updates of the optimizer; fewer than steps where overflowing ones were skipped
 * @param samplesPerStep the global batch size
 * @param samplesOfRun from its first step to its last
 * @param inHalves whether the model is in bfloat16, with float32 masters beside it
 * @param adam AdamW's numbers
 * @param course the learning rate's
 */
public record MegatronRun(
    long iteration,
    long updates,
    long samplesPerStep,
    long samplesOfRun,
    boolean inHalves,
    Adam adam,
    Course course) {
  /**
   * AdamW's numbers.
   *
   * @param clip greatest norm of all gradients together, 0 for any
   */
  public record Adam(double beta1, double beta2, double eps, double weightDecay, double clip) {}

  /**
   * The learning rate's course: {@code OptimizerParamScheduler}'s.
   *
   * @param highest rate, at the end of the warm-up
   * @param lowest rate, at the end of the decay and after it
   * @param style {@code linear}, {@code cosine}, {@code constant}, {@code inverse-square-root}, …
   * @param warmup samples during which the rate rises from 0
   * @param decay samples after which it is at its lowest, the warm-up among them
   */
  public record Course(double highest, double lowest, String style, double warmup, double decay) {}

  /** Samples seen. */
  public long samples() {
    return Math.multiplyExact(iteration, samplesPerStep);
  }
}
