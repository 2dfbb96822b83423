package io.github.megabert.parallel;

/**
 * The groups that a rank of a {@link ParallelPlan} belongs to.
 *
 * @param world all ranks
 * @param tensor the ranks that share this rank's layers; the rank's number is {@code tensorRank}
 * @param pipeline the stages of this rank's copy; the rank's number is its stage
 * @param data the ranks that hold the same parameters; the rank's number is that of its copy
 * @param model all ranks of this rank's copy, over which the norm of the gradient is summed
 * @param embedding first and last stage, which share the word embeddings; a rank of a stage between
 *     them, or of the only one, is alone
 */
public record ParallelGroups(
    ParallelPlan plan,
    Communicator world,
    Communicator tensor,
    Communicator pipeline,
    Communicator data,
    Communicator model,
    Communicator embedding) {
  /** Whether this rank embeds tokens. */
  public boolean isFirstStage() {
    return pipeline.rank() == 0;
  }

  /** Whether this rank computes logits and losses. */
  public boolean isLastStage() {
    return pipeline.rank() == pipeline.size() - 1;
  }
}
