// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.checkpoint.megatron.MegatronDialect;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a run's checkpoints are written. */
public enum CheckpointFormat {
  /** A folder that transformers reads, with the optimizer's state beside it. */
  HUGGINGFACE(null),
  /**
   * The folder of a Megatron-LM run, which goes on with it, in the names of Megatron-LM's own
   * model. Ranks that share the model write a file each, those of a pipeline where Megatron-LM has
   * such stages: equally many layers, one stage a rank, a language model's head, and no copies that
   * divide the optimizer's state. Otherwise the first rank of a pipeline writes one for all.
   */
  MEGATRON(MegatronDialect.LEGACY),
  /**
   * The same in the names of Megatron core's model; the first rank of a pipeline always writes one
   * for all.
   */
  MEGATRON_CORE(MegatronDialect.CORE);

  private final @Nullable MegatronDialect dialect;

  CheckpointFormat(@Nullable MegatronDialect dialect) {
    this.dialect = dialect;
  }

  /** Megatron-LM's names for parameters; null if it is not Megatron-LM's. */
  @Nullable MegatronDialect dialect() {
    return dialect;
  }

  /** The name that a command's option has for it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
