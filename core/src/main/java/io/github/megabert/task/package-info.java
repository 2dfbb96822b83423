/** From text to answers: one class a task, as transformers' pipelines answer. */
@NullMarked
package io.github.megabert.task;

import org.jspecify.annotations.NullMarked;
