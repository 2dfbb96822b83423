// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.train.log.MetricsLine;
import java.nio.file.Path;

/** Listens to a run, on the thread that trains. An exception ends the run. */
public interface TrainingListener {
  /** The run begins, or goes on after {@code done} of {@code steps} steps. */
  default void begun(int done, int steps) {}

  /** A step is done. */
  default void stepped(MetricsLine.Step step) {}

  /** The model was evaluated. */
  default void evaluated(MetricsLine.Evaluation evaluation, boolean isBest) {}

  /** A checkpoint is whole and on the disk. */
  default void saved(Path checkpoint) {}
}
