// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import io.github.megabert.train.metrics.ClassScore;
import io.github.megabert.train.metrics.ConfusionMatrix;
import io.github.megabert.train.metrics.MeanLoss;
import io.github.megabert.train.metrics.MultiLabelCounts;
import io.github.megabert.train.metrics.RegressionPairs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures a classifier. */
record ClassificationEvaluator(ClassifiedTexts texts, ExampleSource<LabelledText> source)
    implements TaskEvaluator {
  @Override
  public int size() {
    return texts.size();
  }

  @Override
  public Evaluation evaluate(MegatronBert model, int worst) throws IOException {
    List<float[]> logits =
        SequenceLogits.of(
            texts.sequences(),
            batch ->
                ((MegatronBertForSequenceClassification) model)
                    .forward(batch, null, OutputOptions.NONE)
                    .logits());
    WorstExamples kept = new WorstExamples(worst);
    Evaluation measured =
        switch (texts.problem()) {
          case SINGLE_LABEL -> classes(logits, kept);
          case MULTI_LABEL -> independentLabels(logits, kept);
          case REGRESSION -> numbers(logits, kept);
        };
    return new Evaluation(
        measured.metrics(),
        measured.confusion(),
        measured.classes(),
        kept.read(source, ClassificationEvaluator::text, ClassificationEvaluator::expected));
  }

  private Evaluation classes(List<float[]> logits, WorstExamples worst) {
    LabelNames labels = texts.labels();
    ConfusionMatrix matrix = new ConfusionMatrix(labels.size());
    MeanLoss losses = new MeanLoss();
    for (int i = 0; i < logits.size(); i++) {
      int label = texts.classes().get(i)[0];
      int predicted = LogitLosses.argMax(logits.get(i));
      double loss = LogitLosses.crossEntropy(logits.get(i), label);
      matrix.add(label, predicted);
      losses.add(loss, 1);
      worst.add(i, loss, labels.name(predicted));
    }
    Map<String, ClassScore> scores = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      scores.put(labels.name(label), matrix.score(label));
    }
    return new Evaluation(
        withLoss(losses, matrix.byName()),
        new Evaluation.Confusion(labels.names(), matrix),
        scores,
        List.of());
  }

  private Evaluation independentLabels(List<float[]> logits, WorstExamples worst) {
    LabelNames labels = texts.labels();
    MultiLabelCounts counts = new MultiLabelCounts(labels.size());
    MeanLoss losses = new MeanLoss();
    for (int i = 0; i < logits.size(); i++) {
      boolean[] right = new boolean[labels.size()];
      for (int label : texts.classes().get(i)) {
        right[label] = true;
      }
      boolean[] predicted = new boolean[labels.size()];
      double loss = 0;
      List<String> names = new ArrayList<>();
      for (int label = 0; label < right.length; label++) {
        predicted[label] = logits.get(i)[label] > 0;
        loss += LogitLosses.binaryCrossEntropy(logits.get(i)[label], right[label]) / right.length;
        if (predicted[label]) {
          names.add(labels.name(label));
        }
      }
      counts.add(right, predicted);
      losses.add(loss, 1);
      worst.add(i, loss, String.join(", ", names));
    }
    Map<String, Double> metrics = withLoss(losses, counts.byName());
    Map<String, ClassScore> scores = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      scores.put(labels.name(label), counts.score(label));
      metrics.put(ClassificationTask.f1Name(labels.name(label)), counts.score(label).f1());
    }
    return new Evaluation(metrics, null, scores, List.of());
  }

  private Evaluation numbers(List<float[]> logits, WorstExamples worst) {
    RegressionPairs pairs = new RegressionPairs();
    MeanLoss losses = new MeanLoss();
    for (int i = 0; i < logits.size(); i++) {
      double value = texts.values().get(i);
      double predicted = logits.get(i)[0];
      double loss = (predicted - value) * (predicted - value);
      pairs.add(value, predicted);
      losses.add(loss, 1);
      worst.add(i, loss, String.valueOf((float) predicted));
    }
    return new Evaluation(withLoss(losses, pairs.byName()), null, Map.of(), List.of());
  }

  private static Map<String, Double> withLoss(MeanLoss losses, Map<String, Double> others) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(Metric.LOSS.name(), losses.loss());
    metrics.putAll(others);
    return metrics;
  }

  /** The text, or both. */
  static String text(LabelledText example) {
    return example.pair() == null ? example.text() : example.text() + "\n" + example.pair();
  }

  /** The label or labels, for people. */
  static String expected(LabelledText example) {
    return switch (example.target()) {
      case Target.Label(String name) -> name;
      case Target.Labels(List<String> names) -> String.join(", ", names);
      case Target.Value(double value) -> String.valueOf(value);
      case null -> "";
    };
  }
}
