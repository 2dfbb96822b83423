// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.util.List;

/**
 * A question, the text that holds its answer, and the answers that count as right.
 *
 * @param id names the question, in scores and predictions
 * @param answers empty where the question is impossible
 * @param isImpossible whether the context does not answer the question (SQuAD 2.0)
 */
public record QuestionExample(
    String id, String question, String context, List<Answer> answers, boolean isImpossible)
    implements Example {
  /**
   * An answer, a part of the context.
   *
   * @param start of the answer in the context, in UTF-16 units ({@code char}s)
   */
  public record Answer(String text, int start) {}

  /**
   * @throws IllegalArgumentException if a possible question has no answer or an impossible one has
   *     some, or an answer does not stand in the context where it says
   */
  public QuestionExample {
    answers = List.copyOf(answers);
    if (isImpossible != answers.isEmpty()) {
      throw new IllegalArgumentException(
          isImpossible
              ? "an impossible question has no answers, not " + answers.size()
              : "a question that is not impossible has at least one answer");
    }
    for (Answer answer : answers) {
      if (answer.text().isEmpty() || !context.startsWith(answer.text(), answer.start())) {
        throw new IllegalArgumentException(
            "the context does not have the answer "
                + Quote.quote(answer.text())
                + " at character "
                + answer.start());
      }
    }
  }
}
