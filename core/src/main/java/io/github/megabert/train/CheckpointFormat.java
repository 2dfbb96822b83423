package io.github.megabert.train;

/** How a run's checkpoints are written. The optimizer's state and the run's stand beside either. */
public enum CheckpointFormat {
  /** A folder that transformers reads. */
  HUGGINGFACE,
  /**
   * The folder of a Megatron-LM run: a file each of the ranks that share the layers, which they
   * write themselves; one rank in a pipeline.
   */
  MEGATRON
}
