// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The result of a run.
 *
 * @param steps done
 * @param isComplete whether it ran to its end, or was stopped
 * @param trainLoss mean loss of all steps
 * @param bestStep step of the best evaluation; the last step where there was none
 * @param validation the best evaluation's metrics, of an earlier part of the run if none was better
 *     since; empty where there was none
 * @param seconds that this part of the run took
 * @param tokensPerSecond trained on in this part
 */
public record TrainingResult(
    int steps,
    boolean isComplete,
    double trainLoss,
    int bestStep,
    Map<String, Double> validation,
    double seconds,
    double tokensPerSecond) {
  /** Copies the metrics. */
  public TrainingResult {
    validation = Collections.unmodifiableMap(new LinkedHashMap<>(validation));
  }
}
