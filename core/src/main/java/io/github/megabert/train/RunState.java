// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.input.InputFile;
import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonMap;
import io.github.megabert.json.JsonText;
import io.github.megabert.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a run stands, beside its parameters and moments: {@code state.json} of a checkpoint.
 *
 * @param firstStep steps that another run had done before this one; 0 where there was none
 * @param step steps done, those of another run among them
 * @param updates of the optimizer
 * @param bestStep the step of the best evaluation, or 0 if there was none
 * @param bestMetrics its metrics; empty if there was none
 * @param evaluationsSinceBest evaluations after it
 * @param lossSum of all steps of this run
 * @param tokens trained on
 * @param fingerprint of options and data, which must be those of the run that goes on
 */
record RunState(
    int firstStep,
    int step,
    long updates,
    int bestStep,
    Map<String, Double> bestMetrics,
    int evaluationsSinceBest,
    double lossSum,
    long tokens,
    String fingerprint) {
  RunState {
    bestMetrics = Collections.unmodifiableMap(new LinkedHashMap<>(bestMetrics));
  }

  /**
   * A run that begins.
   *
   * @param step steps that another run has done, which it goes on from
   */
  static RunState atStep(int step, long updates, String fingerprint) {
    return new RunState(step, step, updates, 0, Map.of(), 0, 0, 0, fingerprint);
  }

  /** The state after a step. */
  RunState stepped(long updatesDone, double loss, long stepTokens) {
    return new RunState(
        firstStep,
        step + 1,
        updatesDone,
        bestStep,
        bestMetrics,
        evaluationsSinceBest,
        lossSum + loss,
        tokens + stepTokens,
        fingerprint);
  }

  /** The state after an evaluation. */
  RunState evaluated(Map<String, Double> metrics, boolean isBest) {
    return new RunState(
        firstStep,
        step,
        updates,
        isBest ? step : bestStep,
        isBest ? metrics : bestMetrics,
        isBest ? 0 : evaluationsSinceBest + 1,
        lossSum,
        tokens,
        fingerprint);
  }

  void write(Path file) throws IOException {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("first_step", firstStep);
    json.put("step", step);
    json.put("updates", updates);
    json.put("best_step", bestStep);
    Map<String, Long> metrics = new LinkedHashMap<>();
    bestMetrics.forEach((name, value) -> metrics.put(name, Double.doubleToLongBits(value)));
    json.put("best_metrics_bits", metrics);
    json.put("evaluations_since_best", evaluationsSinceBest);
    json.put("loss_sum_bits", Double.doubleToLongBits(lossSum));
    json.put("tokens", tokens);
    json.put("fingerprint", fingerprint);
    Files.writeString(
        file, JsonText.compact(JsonMap.toObject(json)) + "\n", StandardCharsets.UTF_8);
  }

  /** Bytes of a state's file, at most. */
  private static final long LARGEST = 1 << 20;

  static RunState read(Path file) throws IOException {
    try (InputStream in = InputFile.stream(file, LARGEST)) {
      if (JsonTree.read(in, file.toString(), LARGEST) instanceof ObjectNode json) {
        return new RunState(
            json.has("first_step") ? count(json, "first_step", file) : 0,
            count(json, "step", file),
            number(json, "updates", file),
            count(json, "best_step", file),
            metrics(json, "best_metrics_bits", file),
            count(json, "evaluations_since_best", file),
            Double.longBitsToDouble(bits(json, "loss_sum_bits", file)),
            number(json, "tokens", file),
            text(json, "fingerprint", file));
      }
    } catch (JacksonException malformed) {
      throw new IOException(file + " is damaged" + JsonTree.reason(malformed), malformed);
    }
    throw new IOException(file + " is damaged: it holds no JSON object");
  }

  private static int count(ObjectNode json, String name, Path file) throws IOException {
    JsonNode value = json.path(name);
    if (value.isInt() && value.intValue() >= 0) {
      return value.intValue();
    }
    throw wrong(file, name, value, "a number from 0 on");
  }

  private static long number(ObjectNode json, String name, Path file) throws IOException {
    long value = bits(json, name, file);
    if (value >= 0) {
      return value;
    }
    throw wrong(file, name, json.path(name), "a number from 0 on");
  }

  private static long bits(ObjectNode json, String name, Path file) throws IOException {
    JsonNode value = json.path(name);
    if (value.isInt() || value.isLong()) {
      return value.longValue();
    }
    throw wrong(file, name, value, "a whole number of 64 bits");
  }

  private static Map<String, Double> metrics(ObjectNode json, String name, Path file)
      throws IOException {
    if (json.path(name) instanceof ObjectNode values) {
      Map<String, Double> metrics = new LinkedHashMap<>();
      for (String metric : values.propertyNames()) {
        metrics.put(metric, Double.longBitsToDouble(bits(values, metric, file)));
      }
      return metrics;
    }
    throw wrong(file, name, json.path(name), "an object of metrics");
  }

  private static String text(ObjectNode json, String name, Path file) throws IOException {
    JsonNode value = json.path(name);
    if (value.isString()) {
      return value.stringValue();
    }
    throw wrong(file, name, value, "a text");
  }

  private static IOException wrong(Path file, String name, JsonNode value, String expected) {
    String found = value.isMissingNode() ? "missing" : Quote.json(value);
    return new IOException(
        file + " is damaged: \"" + name + "\" is " + found + " where " + expected + " is expected");
  }
}
