// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.report;

import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.metrics.ClassScore;
import io.github.megabert.train.metrics.ConfusionMatrix;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the report of a run shows. Texts may hold anything; the page escapes them.
 *
 * @param title the page's heading
 * @param command as it was given, to be run again
 * @param versions of what computed, by name
 * @param figures the run's outcome, by name: best step, seconds, metrics of the test
 * @param lines {@code metrics.jsonl}
 * @param confusion how classes were taken for each other, or null
 * @param entities how well each type of entity is found; may be empty
 * @param worst the examples with the highest loss, that one first; may be empty
 */
public record RunReport(
    String title,
    String command,
    Map<String, String> versions,
    Map<String, String> figures,
    List<MetricsLine> lines,
    @Nullable Confusion confusion,
    Map<String, ClassScore> entities,
    List<WorstExample> worst) {
  /** A matrix and the names of its classes. */
  public record Confusion(List<String> labels, ConfusionMatrix matrix) {
    /**
     * @throws IllegalArgumentException if not every class has a name
     */
    public Confusion {
      labels = List.copyOf(labels);
      if (labels.size() != matrix.classes()) {
        throw new IllegalArgumentException(
            matrix.classes() + " classes have " + labels.size() + " names");
      }
    }
  }

  /**
   * An example that the model gets wrong, or right with little confidence.
   *
   * @param expected the right answer
   * @param predicted the model's
   * @param loss of the right answer
   */
  public record WorstExample(String text, String expected, String predicted, double loss) {}
}
