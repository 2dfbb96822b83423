/** From text to answers: one class a task, as transformers' pipelines answer. */
@NullMarked
package io.github.megabert.pipeline;

import org.jspecify.annotations.NullMarked;
