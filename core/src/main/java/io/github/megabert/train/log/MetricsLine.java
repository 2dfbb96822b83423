package io.github.megabert.train.log;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A line of {@code metrics.jsonl}. Numbers that are not finite are null in JSON, NaN here. */
public sealed interface MetricsLine {
  /** The optimizer's steps done, from 1. */
  long step();

  /** The line as a JSON object. */
  ObjectNode toJson();

  /**
   * What a step came to.
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
    public ObjectNode toJson() {
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("step", step);
      put(line, "epoch", epoch);
      put(line, "loss", loss);
      put(line, "learning_rate", learningRate);
      put(line, "grad_norm", gradNorm);
      put(line, "tokens_per_second", tokensPerSecond);
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
    public ObjectNode toJson() {
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("step", step);
      line.put("evaluation", split.fileName());
      ObjectNode values = line.putObject("metrics");
      metrics.forEach((name, value) -> put(values, name, value));
      return line;
    }
  }

  /** The line that an object is, or null if it is none. */
  static @Nullable MetricsLine of(JsonNode object) {
    JsonNode step = object.path("step");
    if (!step.isIntegralNumber() || !step.canConvertToLong()) {
      return null;
    }
    if (!object.has("evaluation")) {
      return new Step(
          step.longValue(),
          number(object, "epoch"),
          number(object, "loss"),
          number(object, "learning_rate"),
          number(object, "grad_norm"),
          number(object, "tokens_per_second"));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (String name : object.path("metrics").propertyNames()) {
      metrics.put(name, number(object.path("metrics"), name));
    }
    for (Split split : Split.values()) {
      if (split.fileName().equals(object.get("evaluation").asString(""))) {
        return new Evaluation(step.longValue(), split, metrics);
      }
    }
    return null;
  }

  private static double number(JsonNode object, String name) {
    JsonNode value = object.path(name);
    return value.isNumber() ? value.doubleValue() : Double.NaN;
  }

  private static void put(ObjectNode line, String name, double value) {
    if (Double.isFinite(value)) {
      line.put(name, value);
    } else {
      line.putNull(name);
    }
  }
}
