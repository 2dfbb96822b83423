// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.report;

import io.github.megabert.train.log.MetricsLine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A run's curves as the page's script draws them: {@code [{"title", "series": [{"label", "x": […],
 * "y": […]}]}]}. A long run's curve is drawn by the means of equal stretches of it.
 */
final class Curves {
  /** More points than a chart has pixels across. */
  private static final int MOST_POINTS = 1500;

  private final ArrayNode charts = JsonNodeFactory.instance.arrayNode();

  private Curves() {}

  static ArrayNode of(List<MetricsLine> lines) {
    List<MetricsLine.Step> steps = new ArrayList<>();
    List<MetricsLine.Evaluation> evaluations = new ArrayList<>();
    for (MetricsLine line : lines) {
      switch (line) {
        case MetricsLine.Step step -> steps.add(step);
        case MetricsLine.Evaluation evaluation -> {
          if (evaluation.split() == MetricsLine.Split.VALIDATION) {
            evaluations.add(evaluation);
          }
        }
      }
    }
    Curves curves = new Curves();
    curves.loss(steps, evaluations);
    curves.ofSteps("Learning rate", steps, MetricsLine.Step::learningRate);
    curves.metrics(evaluations);
    curves.ofSteps("Gradient norm", steps, MetricsLine.Step::gradNorm);
    curves.ofSteps("Tokens per second", steps, MetricsLine.Step::tokensPerSecond);
    return curves.charts;
  }

  /** Training loss, and validation loss where it was taken, on one chart. */
  private void loss(List<MetricsLine.Step> steps, List<MetricsLine.Evaluation> evaluations) {
    ObjectNode chart = ofSteps("Loss", steps, MetricsLine.Step::loss);
    ObjectNode validation = JsonNodeFactory.instance.objectNode();
    ArrayNode x = validation.putArray("x");
    ArrayNode y = validation.putArray("y");
    for (MetricsLine.Evaluation evaluation : evaluations) {
      Double loss = evaluation.metrics().get("loss");
      if (loss != null) {
        x.add(evaluation.step());
        add(y, loss);
      }
    }
    if (!x.isEmpty()) {
      validation.put("label", "validation");
      ((ArrayNode) chart.get("series")).add(validation);
    }
  }

  /** One chart for each metric but the loss. */
  private void metrics(List<MetricsLine.Evaluation> evaluations) {
    Map<String, ObjectNode> byName = new LinkedHashMap<>();
    for (MetricsLine.Evaluation evaluation : evaluations) {
      evaluation
          .metrics()
          .forEach(
              (name, value) -> {
                if (!name.equals("loss")) {
                  ObjectNode series =
                      byName.computeIfAbsent(name, title -> series(chart(title), "validation"));
                  ((ArrayNode) series.get("x")).add(evaluation.step());
                  add((ArrayNode) series.get("y"), value);
                }
              });
    }
  }

  private ObjectNode ofSteps(
      String title, List<MetricsLine.Step> steps, ToDoubleFunction<MetricsLine.Step> value) {
    ObjectNode chart = chart(title);
    ObjectNode series = series(chart, "training");
    int stretch = Math.max(1, Math.ceilDiv(steps.size(), MOST_POINTS));
    for (int from = 0; from < steps.size(); from += stretch) {
      List<MetricsLine.Step> part = steps.subList(from, Math.min(steps.size(), from + stretch));
      ((ArrayNode) series.get("x")).add(part.getLast().step());
      add((ArrayNode) series.get("y"), part.stream().mapToDouble(value).average().orElseThrow());
    }
    return chart;
  }

  private ObjectNode chart(String title) {
    ObjectNode chart = charts.addObject();
    chart.put("title", title);
    chart.putArray("series");
    return chart;
  }

  private static ObjectNode series(ObjectNode chart, String label) {
    ObjectNode series = ((ArrayNode) chart.get("series")).addObject();
    series.put("label", label);
    series.putArray("x");
    series.putArray("y");
    return series;
  }

  private static void add(ArrayNode values, double value) {
    if (Double.isFinite(value)) {
      values.add(value);
    } else {
      values.addNull();
    }
  }
}
