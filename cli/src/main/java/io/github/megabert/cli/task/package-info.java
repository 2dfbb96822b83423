// SPDX-License-Identifier: Apache-2.0
/** Commands that answer: one a task, as transformers' pipelines answer, and raw tensors. */
@NullMarked
package io.github.megabert.cli.task;

import org.jspecify.annotations.NullMarked;
