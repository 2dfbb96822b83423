// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Words and tags out of a table whose cells are lists. */
final class TaggedRowReader implements ExampleReader<TaggedWords> {
  private final RowReader rows;
  private final Columns columns;

  private TaggedRowReader(Table table, Columns columns) {
    rows = new RowReader(table);
    this.columns = columns;
  }

  /** A reader of a table, which it closes. */
  static TaggedRowReader of(Table table, Columns columns) throws IOException {
    try {
      return new TaggedRowReader(table, columns.ofWords(table));
    } catch (IOException | RuntimeException e) {
      table.close();
      throw e;
    }
  }

  @Override
  public @Nullable TaggedWords read() throws IOException {
    Row row = rows.next();
    if (row == null) {
      return null;
    }
    List<String> words = row.texts(columns.text());
    List<String> tags = row.texts(columns.label());
    try {
      return new TaggedWords(words, tags);
    } catch (IllegalArgumentException e) {
      throw row.refusal(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public TrainingDataException refusal(String sentence) {
    return rows.refusal(sentence);
  }

  @Override
  public void close() throws IOException {
    rows.close();
  }
}
