// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.QuestionExample;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers in texts, for {@link MegatronBertForQuestionAnswering}. A long context is read in
 * overlapping windows; one without the answer, and every window of an impossible question, points
 * at {@code [CLS]}.
 */
public record QuestionAnsweringTask() implements FineTuningTask<QuestionExample> {
  /** The task; model and data decide nothing. */
  public static QuestionAnsweringTask of(
      StartingModel model, ExampleSource<QuestionExample> train) {
    return new QuestionAnsweringTask();
  }

  @Override
  public String name() {
    return "answer";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.QUESTION_ANSWERING;
  }

  @Override
  public List<Metric> metrics() {
    return List.of(Metric.LOSS, new Metric("exact_match", true), Metric.F1);
  }

  @Override
  public Metric bestMetric() {
    return Metric.F1;
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return Map.of();
  }

  @Override
  public Dataset dataset(ExampleSource<QuestionExample> examples, Preparation preparation)
      throws IOException {
    return QuestionWindows.read(examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<QuestionExample> examples, Preparation preparation)
      throws IOException {
    return AnswerEvaluator.read(examples, preparation);
  }
}
