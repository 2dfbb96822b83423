// SPDX-License-Identifier: Apache-2.0
/** From text to answers: one class a task, as transformers' pipelines answer. */
@NullMarked
package io.github.megabert.task;

import org.jspecify.annotations.NullMarked;
