// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.megatron.MegatronDialect;
import io.github.megabert.checkpoint.megatron.MegatronPartition;
import io.github.megabert.checkpoint.megatron.MegatronRun;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.MomentTensors;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes a run's checkpoints: on the first rank all, or on each of the ranks that share the model
 * its own file of Megatron-LM's; the others give what they have.
 *
 * @param steps of the whole run
 */
record RunCheckpoints(
    TrainableParameters parameters,
    TrainingOptions options,
    Schedule schedule,
    int steps,
    CheckpointFormat format,
    TrainingRanks ranks) {
  /**
   * Refuses a run whose checkpoints cannot be Megatron-LM's, where they are to be.
   *
   * @throws IllegalArgumentException if it cannot
   * @throws CheckpointException if Megatron-LM has no such model
   */
  void requireExpressible() throws CheckpointException {
    MegatronDialect dialect = format.dialect();
    if (dialect == null) {
      return;
    }
    MegatronNumbers.requireExpressible(options.optimizer(), schedule, parameters.frozenCount());
    try {
      MegatronPartition _ = partition(parameters.values(), dialect);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "the checkpoints of this run cannot be Megatron-LM's: "
              + e.getMessage()
              + "; save Hugging Face folders",
          e);
    }
  }

  /**
   * The ranks that share the model and write their own files; null where the first writes all:
   * where Megatron-LM has no such stages, where copies of stages divide the optimizer's state, and
   * for Megatron core's pipelines.
   */
  private @Nullable ParallelGroups ranksThatWrite() {
    ParallelGroups groups = ranks.groups();
    if (groups == null || format.dialect() == null) {
      return null;
    }
    ParallelPlan plan = groups.plan();
    boolean isStateDivided = plan.data() > 1 && ranks.options().distributedOptimizer();
    return plan.tensor() * plan.pipeline() > 1
            && parameters.isDividedAsMegatron()
            && (plan.pipeline() == 1
                || (!isStateDivided && format.dialect() == MegatronDialect.LEGACY))
        ? groups
        : null;
  }

  /** How Megatron-LM divides the model as it is divided here. */
  private MegatronPartition partition(Checkpoint model, MegatronDialect dialect)
      throws CheckpointException {
    ParallelGroups sharing = ranksThatWrite();
    return sharing == null
        ? MegatronPartition.of(model, dialect, 1, 1)
        : MegatronPartition.of(model, dialect, sharing.plan().tensor(), sharing.plan().pipeline());
  }

  /**
   * Writes a checkpoint of a state; all ranks call it.
   *
   * @return its folder on the first rank, null on others
   */
  @Nullable Path save(RunFolder files, AdamW optimizer, RunState state) throws IOException {
    if (!ranks.isOfFirstCopy()) {
      if (ranks.options().distributedOptimizer()) {
        optimizer.giveState();
      }
      return null;
    }
    boolean isFirst = ranks.isFirst();
    MegatronDialect dialect = format.dialect();
    if (dialect != null) {
      return saveForMegatron(files, optimizer, state, dialect, isFirst);
    }
    Checkpoint all = parameters.whole();
    if (isFirst) {
      return files.save(all, optimizer, state, options.keep());
    }
    optimizer.giveState();
    return null;
  }

  private @Nullable Path saveForMegatron(
      RunFolder files, AdamW optimizer, RunState state, MegatronDialect dialect, boolean isFirst)
      throws IOException {
    ParallelGroups sharing = ranksThatWrite();
    Checkpoint all = sharing == null ? parameters.whole() : parameters.gathered();
    if (!isFirst && sharing == null) {
      optimizer.giveState();
      return null;
    }
    try (MomentTensors moments = optimizer.state(sharing != null)) {
      RunFolder.MegatronPart part =
          new RunFolder.MegatronPart(all, partition(all, dialect), run(state), moments);
      if (!isFirst && sharing != null) {
        RunFolder.writeRank(part, sharing);
        return null;
      }
      return sharing == null
          ? files.save(part, state, options.keep())
          : files.saveRanks(part, sharing, state, options.keep());
    }
  }

  private MegatronRun run(RunState state) {
    boolean inHalves = parameters.backend().precision() == Precision.BF16;
    return MegatronNumbers.of(state, options, schedule, steps, inHalves);
  }
}
