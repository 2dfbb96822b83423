// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextTask;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.jspecify.annotations.Nullable;

/**
 * A task between columns: what its input is made of, and what its result is written as. It travels
 * to the executors.
 *
 * @param <I> the task's inputs
 * @param <O> its options
 * @param <R> its results
 */
interface RowTask<I, O, R> extends Serializable {
  /** The task of a model. */
  TextTask<I, O, R> of(MegaBert model);

  /** The options for a treatment of texts that are too long. */
  O options(TextTask<I, O, R> task, LongRow longRow);

  /** The input that the texts of a row's columns make. */
  I input(List<String> texts);

  /** The result as Spark takes it, of {@link #type}. */
  Object value(R result);

  /** The type of a result. */
  DataType type();

  /** The result of one input, or null where there is none or it is too long. */
  default @Nullable Object valueOf(MegaBert model, @Nullable I input, LongRow longRow) {
    TextTask<I, O, R> task = of(model);
    O options = options(task, longRow);
    return input == null || longRow.drops(task, input, options)
        ? null
        : value(task.apply(input, options));
  }
}
