// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.Computation;
import io.github.megabert.model.Labels;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.Regularization;
import io.github.megabert.task.Batching;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.metrics.MeanLoss;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Measures how well tokens are predicted, in the batches of a data set's first epoch.
 *
 * @param sequences those of the data set
 */
record LanguageModelEvaluator(Dataset data, EncodedSequences sequences) implements TaskEvaluator {
  @Override
  public int size() {
    return data.size();
  }

  /** The mean over all predicted tokens; single examples are not told. */
  @Override
  public Evaluation evaluate(MegatronBert model, int worst) {
    MeanLoss losses = new MeanLoss();
    Batching.DEFAULT.apply(
        IntStream.range(0, data.size()).boxed().toList(),
        sequences::length,
        some -> {
          add(model, data.batch(0, some.stream().mapToInt(i -> i).toArray()), losses);
          return Collections.nCopies(some.size(), true);
        });
    return new Evaluation(losses.byName(), null, Map.of(), List.of());
  }

  private static void add(MegatronBert model, Dataset.Part part, MeanLoss losses) {
    int[] labels = ((Labels.OfTokens) part.labels()).classes();
    long predicted = Arrays.stream(labels).filter(label -> label != Labels.IGNORED).count();
    try (Computation computation = model.backend().begin()) {
      double loss =
          model
              .loss(computation, part.batch(), part.labels(), Regularization.NONE)
              .read(computation);
      losses.add(loss, predicted);
    }
  }
}
