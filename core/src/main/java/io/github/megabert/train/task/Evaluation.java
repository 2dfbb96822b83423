// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.train.metrics.ClassScore;
import io.github.megabert.train.metrics.ConfusionMatrix;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found.
 *
 * @param metrics values by the metrics' names
 * @param confusion how classes were taken for each other; null for tasks without classes
 * @param classes how well each label or type of entity is found; empty for tasks without
 * @param worst the examples with the highest loss, that one first, as many as were asked for
 */
public record Evaluation(
    Map<String, Double> metrics,
    @Nullable Confusion confusion,
    Map<String, ClassScore> classes,
    List<Judgement> worst) {
  /** Copies the values. */
  public Evaluation {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    classes = Collections.unmodifiableMap(new LinkedHashMap<>(classes));
    worst = List.copyOf(worst);
  }

  /** A matrix and the names of its classes. */
  public record Confusion(List<String> labels, ConfusionMatrix matrix) {
    /** Copies the names. */
    public Confusion {
      labels = List.copyOf(labels);
    }
  }

  /**
   * What the model made of an example.
   *
   * @param text the example's, or its texts, separated by line feeds
   * @param expected the right answer
   * @param predicted the model's
   * @param loss of the example
   */
  public record Judgement(String text, String expected, String predicted, double loss) {}
}
