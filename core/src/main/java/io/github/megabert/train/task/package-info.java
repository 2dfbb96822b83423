// SPDX-License-Identifier: Apache-2.0
/**
 * Fine-tuning by task: what makes batches and labels of examples, how a model is measured, and
 * {@link io.github.megabert.train.task.FineTuning}, where an application begins.
 */
@NullMarked
package io.github.megabert.train.task;

import org.jspecify.annotations.NullMarked;
