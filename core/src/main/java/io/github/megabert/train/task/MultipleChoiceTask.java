// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ChoiceExample;
import io.github.megabert.train.data.ExampleSource;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which of several continuations fits, for {@link MegatronBertForMultipleChoice}. All questions
 * have as many choices, as in transformers.
 */
public record MultipleChoiceTask() implements FineTuningTask<ChoiceExample> {
  /** The task; model and data decide nothing. */
  public static MultipleChoiceTask of(StartingModel model, ExampleSource<ChoiceExample> train) {
    return new MultipleChoiceTask();
  }

  @Override
  public String name() {
    return "choose";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.MULTIPLE_CHOICE;
  }

  @Override
  public List<Metric> metrics() {
    return List.of(Metric.LOSS, Metric.ACCURACY);
  }

  @Override
  public Metric bestMetric() {
    return Metric.ACCURACY;
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return Map.of();
  }

  @Override
  public Dataset dataset(ExampleSource<ChoiceExample> examples, Preparation preparation)
      throws IOException {
    return ChoiceQuestions.read(examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<ChoiceExample> examples, Preparation preparation)
      throws IOException {
    return new ChoiceEvaluator(ChoiceQuestions.read(examples, preparation), examples);
  }
}
