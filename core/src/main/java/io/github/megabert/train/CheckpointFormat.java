package io.github.megabert.train;

/** How a run's checkpoints are written. The optimizer's state and the run's stand beside either. */
public enum CheckpointFormat {
  /** A folder that transformers reads. */
  HUGGINGFACE,
  /** The folder of a Megatron-LM run, one rank. */
  MEGATRON
}
