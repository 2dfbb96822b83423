// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.train.TrainingResult;
import org.jspecify.annotations.Nullable;

/**
 * The result of fine-tuning.
 *
 * @param training the run
 * @param validation the best model on the validation data; null without, or if the run was stopped
 * @param test the best model on the test data; null without, or if the run was stopped
 */
public record TrainingOutcome(
    TrainingResult training, @Nullable Evaluation validation, @Nullable Evaluation test) {}
