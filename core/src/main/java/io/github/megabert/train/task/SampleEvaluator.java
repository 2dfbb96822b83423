// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.Computation;
import io.github.megabert.model.Labels;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.PreTrainingScores;
import io.github.megabert.model.Regularization;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.metrics.MeanLoss;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * Measures a model by what it was pre-trained for.
 *
 * @param isCausal whether next tokens are predicted; otherwise hidden ones, and the order of
 *     segments where the labels have it
 * @param batchSize samples computed together
 */
record SampleEvaluator(Dataset data, boolean isCausal, int batchSize) implements TaskEvaluator {
  static final Metric ORDER_LOSS = new Metric("sentence_order_loss", false);
  static final Metric ORDER_ACCURACY = new Metric("sentence_order_accuracy", true);

  @Override
  public int size() {
    return data.size();
  }

  /** Means over all predicted tokens and all samples; single samples are not told. */
  @Override
  public Evaluation evaluate(MegatronBert model, int worst) {
    return new Evaluation(isCausal ? causal(model) : masked(model), null, Map.of(), List.of());
  }

  private void forEachBatch(BiConsumer<Dataset.Part, int[]> action) {
    for (int from = 0; from < data.size(); from += batchSize) {
      int to = Math.min(data.size(), from + batchSize);
      Dataset.Part part = data.batch(0, IntStream.range(from, to).toArray());
      action.accept(part, part.batch().offsets());
    }
  }

  private Map<String, Double> causal(MegatronBert model) {
    MeanLoss losses = new MeanLoss();
    forEachBatch(
        (part, offsets) -> {
          int[] labels = ((Labels.OfTokens) part.labels()).classes();
          long predicted = Arrays.stream(labels).filter(label -> label != Labels.IGNORED).count();
          try (Computation computation = model.backend().begin()) {
            losses.add(
                model
                    .loss(computation, part.batch(), part.labels(), Regularization.NONE)
                    .read(computation),
                predicted);
          }
        });
    return losses.byName();
  }

  private Map<String, Double> masked(MegatronBert model) {
    PreTrainingScores scores = new PreTrainingScores();
    boolean[] hasOrder = new boolean[1];
    forEachBatch(
        (part, offsets) -> {
          switch (part.labels()) {
            case Labels.OfPreTraining(int[] tokens, int[] order) -> {
              hasOrder[0] = true;
              scores.add(model, part.batch(), tokens, order);
            }
            case Labels.OfTokens(int[] tokens) -> scores.add(model, part.batch(), tokens, null);
            default -> throw new IllegalStateException("these labels are not of pre-training");
          }
        });
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(
        Metric.LOSS.name(), scores.maskedLoss() + (hasOrder[0] ? scores.sentenceOrderLoss() : 0));
    metrics.put(Metric.PERPLEXITY.name(), Math.exp(scores.maskedLoss()));
    metrics.put(Metric.ACCURACY.name(), scores.maskedAccuracy());
    if (hasOrder[0]) {
      metrics.put(ORDER_LOSS.name(), scores.sentenceOrderLoss());
      metrics.put(ORDER_ACCURACY.name(), scores.sentenceOrderAccuracy());
    }
    return metrics;
  }
}
