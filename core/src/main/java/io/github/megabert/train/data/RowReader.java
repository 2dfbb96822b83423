// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A table's rows, of which there shall be one at least. */
final class RowReader implements Closeable {
  private final Table table;
  private @Nullable Row last;

  RowReader(Table table) {
    this.table = table;
  }

  /** The next row, or null after the last. */
  @Nullable Row next() throws IOException {
    Row row = table.next();
    if (row == null && last == null) {
      throw new TrainingDataException(table.file(), "has a header line but no row after it");
    }
    if (row != null) {
      last = row;
    }
    return row;
  }

  /** The refusal of the row that was read last. */
  TrainingDataException refusal(String sentence) {
    return last == null
        ? new TrainingDataException(table.file(), sentence)
        : last.refusal(sentence);
  }

  @Override
  public void close() throws IOException {
    table.close();
  }
}
