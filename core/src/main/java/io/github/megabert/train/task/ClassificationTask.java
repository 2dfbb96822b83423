// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.ProblemType;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelKind;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Classes of texts or pairs of texts: one class a text, any number of classes a text, or a number
 * (regression), for {@link MegatronBertForSequenceClassification}.
 */
public final class ClassificationTask implements FineTuningTask<LabelledText> {
  private final ProblemType problem;
  private final LabelNames labels;

  private ClassificationTask(ProblemType problem, LabelNames labels) {
    this.problem = problem;
    this.labels = labels;
  }

  /**
   * The task that a model and its training data ask for. The first example tells the kind of
   * problem. The labels are the model's, where it has some, else the sorted set of those of the
   * training data.
   *
   * @throws TrainingDataException if there is no example, or one has a label of another kind
   * @throws IllegalArgumentException if the model was trained for another kind of problem
   */
  public static ClassificationTask of(StartingModel model, ExampleSource<LabelledText> train)
      throws IOException {
    ProblemType problem = problem(train);
    requireSameProblem(model, problem);
    Optional<LabelNames> known = model.labels(ModelClass.SEQUENCE_CLASSIFICATION);
    if (problem == ProblemType.REGRESSION) {
      return new ClassificationTask(problem, numberName(known));
    }
    return new ClassificationTask(
        problem, known.isPresent() ? known.get() : LabelNames.sorted(found(train)));
  }

  /**
   * What the labels of a file of texts are, for a model: what it was trained on, where it is a
   * classifier that says so, else what they look like.
   */
  public static LabelKind labelKind(StartingModel model, Path file, Columns columns)
      throws IOException {
    Optional<ProblemType> trained = trained(model);
    if (trained.isEmpty()) {
      return TrainingData.labelKind(file, columns);
    }
    return switch (trained.get()) {
      case REGRESSION -> LabelKind.VALUE;
      case SINGLE_LABEL -> LabelKind.LABEL;
      case MULTI_LABEL -> LabelKind.LABELS;
    };
  }

  private static Optional<ProblemType> trained(StartingModel model) {
    return model.is(ModelClass.SEQUENCE_CLASSIFICATION)
        ? model.config().problemType().map(ProblemType::ofConfigName)
        : Optional.empty();
  }

  private static ProblemType problem(ExampleSource<LabelledText> train) throws IOException {
    try (ExampleReader<LabelledText> reader = train.open()) {
      LabelledText first = reader.read();
      return switch (first == null ? null : first.target()) {
        case Target.Label label -> ProblemType.SINGLE_LABEL;
        case Target.Labels several -> ProblemType.MULTI_LABEL;
        case Target.Value value -> ProblemType.REGRESSION;
        case null -> throw reader.refusal("there is no label");
      };
    }
  }

  private static void requireSameProblem(StartingModel model, ProblemType problem) {
    Optional<ProblemType> trained = trained(model);
    if (trained.isPresent() && trained.get() != problem) {
      throw new IllegalArgumentException(
          "the model was trained for "
              + trained.get().configName()
              + ", the training data is for "
              + problem.configName()
              + "; begin with a model without a classifier, or with other data");
    }
  }

  /** The name of a regression's only output. */
  private static LabelNames numberName(Optional<LabelNames> known) {
    LabelNames names = known.orElseGet(() -> LabelNames.of(List.of("LABEL_0"), "the task"));
    if (names.size() != 1) {
      throw new IllegalArgumentException(
          "the model's id2label names "
              + names.size()
              + " labels, the training data has a number a text, which takes one; begin with a"
              + " model without a classifier");
    }
    return names;
  }

  private static Set<String> found(ExampleSource<LabelledText> train) throws IOException {
    Set<String> found = new LinkedHashSet<>();
    try (ExampleReader<LabelledText> reader = train.open()) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        switch (text.target()) {
          case Target.Label(String name) -> found.add(name);
          case Target.Labels(List<String> names) -> found.addAll(names);
          case null, default -> {}
        }
      }
      if (found.isEmpty()) {
        throw reader.refusal("there is no label in all examples");
      }
    }
    return found;
  }

  @Override
  public String name() {
    return "classify";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.SEQUENCE_CLASSIFICATION;
  }

  /** One class, several classes, or a number a text. */
  public ProblemType problem() {
    return problem;
  }

  /** The labels by their class indices. */
  public List<String> labels() {
    return labels.names();
  }

  @Override
  public List<Metric> metrics() {
    List<Metric> metrics = new ArrayList<>(List.of(Metric.LOSS));
    switch (problem) {
      case SINGLE_LABEL -> {
        for (String name : List.of("accuracy", "f1_macro", "f1_weighted", "matthews")) {
          metrics.add(new Metric(name, true));
        }
      }
      case MULTI_LABEL -> {
        for (String name : List.of("accuracy", "f1_macro", "f1_weighted")) {
          metrics.add(new Metric(name, true));
        }
        labels.names().forEach(label -> metrics.add(new Metric(f1Name(label), true)));
      }
      case REGRESSION -> {
        metrics.add(new Metric("mse", false));
        metrics.add(new Metric("pearson", true));
        metrics.add(new Metric("spearman", true));
      }
    }
    return List.copyOf(metrics);
  }

  /** The name of one label's F1 among the metrics. */
  static String f1Name(String label) {
    return "f1:" + label;
  }

  @Override
  public Metric bestMetric() {
    return switch (problem) {
      case SINGLE_LABEL -> Metric.ACCURACY;
      case MULTI_LABEL -> new Metric("f1_macro", true);
      case REGRESSION -> new Metric("mse", false);
    };
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return new LinkedHashMap<>(labels.configuration(problem.configName()));
  }

  @Override
  public Dataset dataset(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return ClassifiedTexts.read(problem, labels, examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return new ClassificationEvaluator(
        ClassifiedTexts.read(problem, labels, examples, preparation), examples);
  }
}
