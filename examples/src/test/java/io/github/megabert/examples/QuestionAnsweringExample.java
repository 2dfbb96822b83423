// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.QuestionAnswering.Answer;

final class QuestionAnsweringExample {
  private QuestionAnsweringExample() {}

  static void answers(MegaBert bert, String context) {
    QuestionAnswering pipeline = bert.questionAnswering();
    QuestionAnswering.Options options =
        QuestionAnswering.Options.DEFAULT.withTopK(3).withAllowImpossible(true);
    QuestionAnswering.Question question =
        new QuestionAnswering.Question("Who visited Paris?", context);
    for (Answer answer : pipeline.apply(question, options).answers()) {
      System.out.println(
          answer.score() + "  " + (answer.isImpossible() ? "no answer" : answer.text()));
    }
  }
}
