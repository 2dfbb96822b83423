// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.model.TrainableModel;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.Schedule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run was told, the same from its first step to its last.
 *
 * @param validation null where nothing is evaluated
 * @param format of the checkpoints
 */
record RunSettings(
    TrainableModel model,
    Dataset data,
    TrainingOptions options,
    Schedule schedule,
    @Nullable Validation validation,
    List<TrainingListener> listeners,
    TrainingRanks ranks,
    CheckpointFormat format) {
  RunSettings {
    listeners = List.copyOf(listeners);
  }

  /** Steps of the whole run. */
  int steps() {
    return options.steps(data.size());
  }

  /** An optimizer that has done nothing yet. */
  AdamW newOptimizer() {
    return new AdamW(model.parameters(), options.optimizer(), ranks.stateShare());
  }

  /** What writes the checkpoints. */
  RunCheckpoints checkpoints() {
    return new RunCheckpoints(model.parameters(), options, schedule, steps(), format, ranks);
  }

  /** What must be the same when a run goes on. */
  String fingerprint() {
    return model.model().className()
        + " in "
        + model.parameters().backend().precision().optionName()
        + ", "
        + data.description()
        + ", batch size "
        + options.batchSize()
        + " x "
        + options.accumulate()
        + ", "
        + steps()
        + " steps, seed "
        + options.seed()
        + ", "
        + options.optimizer()
        + ", "
        + schedule
        + ", warm-up ratio "
        + options.warmupRatio()
        + ", dropout "
        + options.dropout()
        + ", label smoothing "
        + options.labelSmoothing()
        + ", shuffled "
        + options.shuffle()
        + ", frozen parameters "
        + model.parameters().frozenCount();
  }
}
