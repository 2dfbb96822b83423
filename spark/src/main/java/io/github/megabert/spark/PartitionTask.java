// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextTask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.ArraySeq;

/**
 * Appends a column to the rows of a partition. Rows are read some batches ahead, so that texts of
 * like length are computed together, and come out in their order.
 *
 * @param columns places of the columns that hold the texts
 * @param areArrays whether each holds an array of texts, to which the result is an array
 */
record PartitionTask<I, O, R>(
    ModelSource source, RowTask<I, O, R> rowTask, LongRow longRow, int[] columns, boolean areArrays)
    implements MapPartitionsFunction<Row, Row> {
  /** Rows that are read before they are computed, and batches' worth of tokens. */
  private static final int MOST_ROWS = 4096;

  private static final int MOST_BATCHES = 8;

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    SharedModels.Lease lease = SharedModels.OF_PROCESS.acquire(source);
    TaskCompletionListener release = context -> lease.close();
    TaskContext.get().addTaskCompletionListener(release);
    return new Results(rows, lease.model());
  }

  /** A row, and how many results it needs; −1 where it gets none. */
  private record Waiting(Row row, int count) {}

  /** The rows with their results. */
  private final class Results implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final TextTask<I, O, R> task;
    private final O options;
    private Iterator<Row> ready = Collections.emptyIterator();

    Results(Iterator<Row> rows, MegaBert model) {
      this.rows = rows;
      task = rowTask.of(model);
      options = rowTask.options(task, longRow);
    }

    @Override
    public boolean hasNext() {
      if (!ready.hasNext() && rows.hasNext()) {
        ready = computed().iterator();
      }
      return ready.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return ready.next();
    }

    private List<Row> computed() {
      List<Waiting> waiting = new ArrayList<>();
      // Null where an element of an array has no result.
      List<@Nullable I> elements = new ArrayList<>();
      List<I> inputs = new ArrayList<>();
      long tokens = 0;
      while (rows.hasNext()
          && waiting.size() < MOST_ROWS
          && tokens < (long) MOST_BATCHES * source.batchTokens()) {
        Row row = rows.next();
        List<@Nullable I> all = inputs(row);
        waiting.add(new Waiting(row, all == null ? -1 : all.size()));
        for (I input : all == null ? List.<@Nullable I>of() : all) {
          I kept = input == null || longRow.drops(task, input, options) ? null : input;
          elements.add(kept);
          if (kept != null) {
            inputs.add(kept);
            tokens += task.tokens(kept, options);
          }
        }
      }
      Iterator<R> results = task.applyAll(inputs, options).iterator();
      Iterator<@Nullable I> element = elements.iterator();
      List<Row> done = new ArrayList<>(waiting.size());
      for (Waiting one : waiting) {
        done.add(with(one.row(), result(one.count(), element, results)));
      }
      return done;
    }

    private @Nullable Object result(
        int count, Iterator<@Nullable I> elements, Iterator<R> results) {
      if (count < 0) {
        return null;
      }
      @Nullable Object[] values = new @Nullable Object[count];
      for (int i = 0; i < count; i++) {
        values[i] = elements.next() == null ? null : rowTask.value(results.next());
      }
      return areArrays ? ArraySeq.unsafeWrapArray(values) : values[0];
    }
  }

  /** What a row asks for; null if a column that holds it is null. */
  private @Nullable List<@Nullable I> inputs(Row row) {
    for (int column : columns) {
      if (row.isNullAt(column)) {
        return null;
      }
    }
    if (!areArrays) {
      return Collections.singletonList(
          rowTask.input(Arrays.stream(columns).mapToObj(row::getString).toList()));
    }
    List<List<@Nullable String>> texts = new ArrayList<>();
    for (int column : columns) {
      texts.add(row.getList(column));
    }
    List<@Nullable I> inputs = new ArrayList<>();
    for (int i = 0; i < texts.getFirst().size(); i++) {
      inputs.add(element(texts, i));
    }
    return Collections.unmodifiableList(inputs);
  }

  /** Arrays of several columns go together element by element; a shorter one ends in nulls. */
  private @Nullable I element(List<List<@Nullable String>> texts, int i) {
    List<String> parts = new ArrayList<>();
    for (List<@Nullable String> column : texts) {
      String part = i < column.size() ? column.get(i) : null;
      if (part == null) {
        return null;
      }
      parts.add(part);
    }
    return rowTask.input(parts);
  }

  private static Row with(Row row, @Nullable Object result) {
    @Nullable Object[] values = new @Nullable Object[row.size() + 1];
    for (int i = 0; i < row.size(); i++) {
      values[i] = row.get(i);
    }
    values[row.size()] = result;
    return RowFactory.create(values);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PartitionTask<?, ?, ?> task
        && source.equals(task.source)
        && rowTask.equals(task.rowTask)
        && longRow == task.longRow
        && Arrays.equals(columns, task.columns)
        && areArrays == task.areArrays;
  }

  @Override
  public int hashCode() {
    return source.hashCode() + 31 * Arrays.hashCode(columns);
  }

  @Override
  public String toString() {
    return rowTask + " over columns " + Arrays.toString(columns);
  }
}
