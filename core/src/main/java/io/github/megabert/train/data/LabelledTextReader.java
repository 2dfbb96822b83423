// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Texts, pairs and labels out of a table. */
final class LabelledTextReader implements ExampleReader<LabelledText> {
  private final RowReader rows;
  private final Columns columns;
  private final LabelKind kind;

  private LabelledTextReader(Table table, Columns columns, LabelKind kind) {
    rows = new RowReader(table);
    this.columns = columns;
    this.kind = kind;
  }

  /** A reader of a table, which it closes. */
  static LabelledTextReader of(Table table, Columns columns, LabelKind kind) throws IOException {
    try {
      return new LabelledTextReader(table, columns.ofTexts(table, kind), kind);
    } catch (IOException | RuntimeException e) {
      table.close();
      throw e;
    }
  }

  @Override
  public @Nullable LabelledText read() throws IOException {
    Row row = rows.next();
    return row == null
        ? null
        : new LabelledText(
            row.text(columns.text()),
            columns.pair() == null ? null : row.text(columns.pair()),
            row.target(columns.label(), kind));
  }

  /** What the labels of the whole table are, by what they look like. */
  static LabelKind kind(Table table, Columns told) throws IOException {
    try (table) {
      String label = told.ofTexts(table, LabelKind.LABEL).label();
      RowReader rows = new RowReader(table);
      boolean numbers = true;
      boolean values = false;
      for (Row row = rows.next(); row != null; row = rows.next()) {
        LabelKind kind = row.kind(label);
        if (kind == LabelKind.LABELS) {
          return kind;
        }
        values |= kind == LabelKind.VALUE;
        numbers &= row.isNumber(label);
      }
      return values && numbers ? LabelKind.VALUE : LabelKind.LABEL;
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
