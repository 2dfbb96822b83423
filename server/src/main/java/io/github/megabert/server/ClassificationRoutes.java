// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.ScoreFunction;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextPair;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Classes of texts and of pairs of texts, as text-embeddings-inference gives them. */
final class ClassificationRoutes {
  private final ServedModels models;
  private final Limits limits;

  ClassificationRoutes(ServedModels models, Limits limits) {
    this.models = models;
    this.limits = limits;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/predict", this::predict), Endpoint.post("/rerank", this::rerank));
  }

  private Answer predict(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TEXT_CLASSIFICATION);
    JsonNode value = body.value("inputs");
    // A text, or one pair: a list of lists are several.
    boolean single = !value.isArray() || (!value.isEmpty() && !value.get(0).isArray());
    Inputs<TextPair> inputs = Inputs.of(value, "inputs", single, one -> pair(body, one), limits);
    TextClassification.Options options =
        TextClassification.Options.DEFAULT
            .withTopK(TextClassification.Options.ALL)
            .withLongText(TextOptions.longText(body, limits));
    if (body.flag("raw_scores", false)) {
      options = options.withFunction(ScoreFunction.NONE);
    }
    body.end();
    return inputs.answer(
        model.apply(model.textClassification(), inputs.values(), options, call),
        result -> labels(result.labels()));
  }

  private static TextPair pair(JsonBody body, JsonNode value) {
    if (value.isString()) {
      return TextPair.of(Inputs.nonEmpty("inputs", value.stringValue()));
    }
    if (!value.isArray() || value.isEmpty() || value.size() > 2) {
      throw body.wrong(
          "inputs", value, "a text, a pair of texts, or a list of lists of one or two texts");
    }
    List<String> texts = body.texts(value, "inputs");
    texts.forEach(text -> Inputs.nonEmpty("inputs", text));
    return texts.size() == 1
        ? TextPair.of(texts.getFirst())
        : TextPair.of(texts.getFirst(), texts.getLast());
  }

  /** Labels with their scores, the best first. */
  static ArrayNode labels(List<LabelScore> labels) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    labels.forEach(
        label -> all.addObject().put("score", label.score()).put("label", label.label()));
    return all;
  }

  private Answer rerank(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.RANKING);
    String query = Inputs.nonEmpty("query", body.text("query"));
    List<String> texts = body.texts(body.value("texts"), "texts");
    if (texts.isEmpty()) {
      throw new RequestFailure(RequestFailure.Kind.EMPTY, "`texts` cannot be empty");
    }
    Inputs.requireFit(texts.size(), limits);
    CrossEncoder.Options options =
        CrossEncoder.Options.DEFAULT.withLongText(TextOptions.longText(body, limits));
    if (body.flag("raw_scores", false)) {
      options = options.withFunction(ScoreFunction.NONE);
    }
    options = body.findText("label").map(options::withLabel).orElse(options);
    boolean withText = body.flag("return_text", false);
    body.end();
    List<TextPair> pairs = texts.stream().map(text -> TextPair.of(query, text)).toList();
    List<CrossEncoder.Relevance> results = model.apply(model.crossEncoder(), pairs, options, call);
    ArrayNode ranks = JsonNodeFactory.instance.arrayNode();
    IntStream.range(0, results.size())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -results.get(i).score()))
        .forEach(
            i -> {
              ObjectNode rank = ranks.addObject().put("index", i);
              if (withText) {
                rank.put("text", texts.get(i));
              }
              rank.put("score", results.get(i).score());
            });
    return new Answer.Tree(ranks);
  }
}
