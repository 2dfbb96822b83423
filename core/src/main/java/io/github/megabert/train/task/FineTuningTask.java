// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a model can be trained for: which class it takes, what of the configuration the task sets,
 * how examples become batches and labels, and how well a model does. Immutable.
 *
 * @param <E> the kind of examples
 */
public sealed interface FineTuningTask<E extends Example>
    permits ClassificationTask,
        TokenClassificationTask,
        QuestionAnsweringTask,
        MultipleChoiceTask,
        NextSentenceTask,
        MaskedLanguageModelTask,
        CausalLanguageModelTask {

  /**
   * Makes a task for a model and what it is trained on.
   *
   * @param <E> the kind of examples
   */
  @FunctionalInterface
  interface Factory<E extends Example> {
    /**
     * Decides on what the training data and the model decide together, such as the labels.
     *
     * @throws TrainingDataException if an example does not fit the others or the model
     * @throws IllegalArgumentException if the model's configuration contradicts the task
     */
    FineTuningTask<E> create(StartingModel model, ExampleSource<E> train) throws IOException;
  }

  /** The name that {@code finetune --task} takes. */
  String name();

  /** The class that learns the task. */
  ModelClass modelClass();

  /** What is measured, in the order in which it is shown. */
  List<Metric> metrics();

  /** The metric that selects the best model unless another is named. */
  Metric bestMetric();

  /** Fields of {@code config.json} that the task sets, such as {@code id2label}. */
  Map<String, @Nullable Object> configuration();

  /**
   * Tokenizes examples to be trained on.
   *
   * @throws TrainingDataException if an example does not fit the task; it says where that stands
   */
  Dataset dataset(ExampleSource<E> examples, Preparation preparation) throws IOException;

  /**
   * Tokenizes examples to be measured by.
   *
   * @throws TrainingDataException as {@link #dataset}
   */
  TaskEvaluator evaluator(ExampleSource<E> examples, Preparation preparation) throws IOException;

  /**
   * The metric of that name.
   *
   * @throws IllegalArgumentException if the task has none
   */
  default Metric metric(String metricName) {
    return metrics().stream()
        .filter(metric -> metric.name().equals(metricName))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the task "
                        + name()
                        + " has no metric \""
                        + metricName
                        + "\"; it has "
                        + String.join(", ", metrics().stream().map(Metric::name).toList())));
  }
}
