// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Lines of {@code {"prompt": …, "choices": […], "label": 0}}. */
final class ChoiceReader implements ExampleReader<ChoiceExample> {
  private final RowReader rows;

  ChoiceReader(Table table) {
    rows = new RowReader(table);
  }

  @Override
  public @Nullable ChoiceExample read() throws IOException {
    Row row = rows.next();
    if (row == null) {
      return null;
    }
    JsonNode label = row.cell("label");
    if (!label.isInt()) {
      throw row.refusal(
          "'label' is "
              + Quote.quote(label.toString())
              + " where the number of a choice, from 0, is expected");
    }
    try {
      return new ChoiceExample(row.text("prompt"), row.texts("choices"), label.intValue());
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
