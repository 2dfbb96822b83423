// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Lines of {@code {"id": …, "question": …, "context": …, "answers": {"text": […], "answer_start":
 * […]}}}, as the {@code datasets} library writes SQuAD. A question without answers is impossible.
 */
final class QuestionRowReader implements ExampleReader<QuestionExample> {
  private final RowReader rows;

  QuestionRowReader(Table table) {
    rows = new RowReader(table);
  }

  @Override
  public @Nullable QuestionExample read() throws IOException {
    Row row = rows.next();
    if (row == null) {
      return null;
    }
    String context = row.text("context");
    CodePointOffsets offsets = new CodePointOffsets(context);
    JsonNode texts = row.cell("answers").path("text");
    JsonNode starts = row.cell("answers").path("answer_start");
    if (!texts.isArray() || !starts.isArray() || texts.size() != starts.size()) {
      throw row.refusal(
          "'answers' is no object with the lists 'text' and 'answer_start' of one length");
    }
    try {
      List<QuestionExample.Answer> answers = new ArrayList<>();
      for (int i = 0; i < texts.size(); i++) {
        JsonNode text = texts.get(i);
        JsonNode start = starts.get(i);
        if (!text.isString() || !start.isInt()) {
          throw row.refusal("an answer has a text and a whole number as its start");
        }
        answers.add(
            new QuestionExample.Answer(text.stringValue(), offsets.unitOf(start.intValue())));
      }
      return new QuestionExample(
          row.text("id"), row.text("question"), context, answers, answers.isEmpty());
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
