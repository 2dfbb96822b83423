// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.tensor.TopK;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A label and how well it fits.
 *
 * @param label the model's name for it, or the caller's
 * @param score most often a probability; a number as the model gave it where no function was
 *     applied
 */
public record LabelScore(String label, float score) {
  /** The {@code count} labels of the highest scores, the highest first. */
  static List<LabelScore> best(float[] scores, IntFunction<String> labels, int count) {
    List<LabelScore> best = new ArrayList<>();
    for (int index : TopK.descending(scores, count)) {
      best.add(new LabelScore(labels.apply(index), scores[index]));
    }
    return List.copyOf(best);
  }
}
