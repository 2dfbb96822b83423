// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A line of {@code metrics.jsonl}. Numbers that are not finite are null in JSON, NaN here. */
public sealed interface MetricsLine {
  /** The optimizer's steps done, from 1. */
  long step();

  /** The fields of the line's JSON object, in the order of the file. */
  Map<String, @Nullable Object> toMap();

  /**
   * The result of a step.
   *
   * @param epoch passes over the training data done, with the fraction of the current one
   * @param loss of the step's batch, in nats or as the loss has it
   * @param learningRate that the step had
   * @param gradNorm L2 norm of all gradients before clipping
   * @param tokensPerSecond trained on, padding not counted
   */
  record Step(
      long step,
      double epoch,
      double loss,
      double learningRate,
      double gradNorm,
      double tokensPerSecond)
      implements MetricsLine {
    @Override
    public Map<String, @Nullable Object> toMap() {
      Map<String, @Nullable Object> line = new LinkedHashMap<>();
      line.put("step", step);
      line.put("epoch", finite(epoch));
      line.put("loss", finite(loss));
      line.put("learning_rate", finite(learningRate));
      line.put("grad_norm", finite(gradNorm));
      line.put("tokens_per_second", finite(tokensPerSecond));
      return line;
    }
  }

  /** The data that an evaluation is of. */
  enum Split {
    VALIDATION,
    TEST;

    /** The name in the file. */
    public String fileName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * An evaluation after a step.
   *
   * @param metrics values by name, in the order of the file
   */
  record Evaluation(long step, Split split, Map<String, Double> metrics) implements MetricsLine {
    /** Copies the metrics. */
    public Evaluation {
      metrics = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    @Override
    public Map<String, @Nullable Object> toMap() {
      Map<String, @Nullable Object> line = new LinkedHashMap<>();
      line.put("step", step);
      line.put("evaluation", split.fileName());
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      metrics.forEach((name, value) -> values.put(name, finite(value)));
      line.put("metrics", values);
      return line;
    }
  }

  /** The line that the fields of a JSON object are, or null if they are none. */
  static @Nullable MetricsLine of(Map<String, ? extends @Nullable Object> fields) {
    long step;
    switch (fields.get("step")) {
      case Integer number -> step = number;
      case Long number -> step = number;
      case null, default -> {
        return null;
      }
    }
    if (!fields.containsKey("evaluation")) {
      return new Step(
          step,
          number(fields.get("epoch")),
          number(fields.get("loss")),
          number(fields.get("learning_rate")),
          number(fields.get("grad_norm")),
          number(fields.get("tokens_per_second")));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    if (fields.get("metrics") instanceof Map<?, ?> values) {
      values.forEach((name, value) -> metrics.put(String.valueOf(name), number(value)));
    }
    for (Split split : Split.values()) {
      if (split.fileName().equals(fields.get("evaluation"))) {
        return new Evaluation(step, split, metrics);
      }
    }
    return null;
  }

  private static double number(@Nullable Object value) {
    return value instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
