// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.metrics.ConfusionMatrix;
import io.github.megabert.train.metrics.MeanLoss;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures how well continuations are told from other texts. */
record SentencePairEvaluator(SentencePairs pairs, ExampleSource<LabelledText> source)
    implements TaskEvaluator {
  private static final List<String> CLASSES = List.of("is_next", "not_next");

  @Override
  public int size() {
    return pairs.size();
  }

  @Override
  public Evaluation evaluate(MegatronBert model, int worst) throws IOException {
    List<float[]> logits =
        SequenceLogits.of(
            pairs.sequences(),
            batch ->
                ((MegatronBertForNextSentencePrediction) model)
                    .forward(batch, null, OutputOptions.NONE)
                    .logits());
    ConfusionMatrix matrix = new ConfusionMatrix(CLASSES.size());
    MeanLoss losses = new MeanLoss();
    WorstExamples kept = new WorstExamples(worst);
    for (int pair = 0; pair < logits.size(); pair++) {
      int predicted = LogitLosses.argMax(logits.get(pair));
      double loss = LogitLosses.crossEntropy(logits.get(pair), pairs.label(pair));
      matrix.add(pairs.label(pair), predicted);
      losses.add(loss, 1);
      kept.add(pair, loss, CLASSES.get(predicted));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(Metric.LOSS.name(), losses.loss());
    metrics.put(Metric.ACCURACY.name(), matrix.accuracy());
    return new Evaluation(
        metrics,
        new Evaluation.Confusion(CLASSES, matrix),
        Map.of(CLASSES.get(0), matrix.score(0), CLASSES.get(1), matrix.score(1)),
        kept.read(source, ClassificationEvaluator::text, ClassificationEvaluator::expected));
  }
}
