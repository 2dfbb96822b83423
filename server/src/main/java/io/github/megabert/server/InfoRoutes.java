// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a server says about itself. */
final class InfoRoutes {
  private final ServedModels models;
  private final Limits limits;
  private final Meters meters;
  private final BooleanSupplier ready;
  private final String version;

  InfoRoutes(
      ServedModels models, Limits limits, Meters meters, BooleanSupplier ready, String version) {
    this.models = models;
    this.limits = limits;
    this.meters = meters;
    this.ready = ready;
    this.version = version;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/health", this::health).open(),
        Endpoint.get("/info", this::info),
        Endpoint.get("/metrics", this::metrics),
        Endpoint.get("/v1/models", this::list).openAi(),
        Endpoint.get("/openapi.json", this::document).open());
  }

  private Answer health(JsonBody body, Call call) {
    if (!ready.getAsBoolean()) {
      throw new RequestFailure(
          RequestFailure.Kind.UNAVAILABLE, "the models are not warm yet, or the server stops");
    }
    return new Answer.Text("text/plain", "");
  }

  private Answer document(JsonBody body, Call call) {
    return new Answer.Text("application/json", PageRoutes.text("openapi.json"));
  }

  private Answer metrics(JsonBody body, Call call) {
    return new Answer.Text("text/plain; version=0.0.4; charset=utf-8", meters.text());
  }

  /** The names of text-embeddings-inference, of the first model, and what all of them can do. */
  private Answer info(JsonBody body, Call call) {
    ServedModel first = models.all().getFirst();
    ObjectNode info = JsonNodeFactory.instance.objectNode();
    info.put("model_id", first.name())
        .put("model_dtype", first.bert().backend().precision().optionName())
        .set("model_type", type(first));
    info.put("max_concurrent_requests", limits.connections())
        .put("max_input_length", first.bert().maxLength())
        .put("max_batch_tokens", limits.batchTokens())
        .put("max_client_batch_size", limits.texts())
        .put("auto_truncate", limits.truncate())
        .put("version", version);
    ArrayNode all = info.putArray("models");
    for (ServedModel model : models.all()) {
      ObjectNode entry =
          all.addObject()
              .put("name", model.name())
              .put("ready", model.isWarm())
              .put("mask_token", model.maskToken());
      ArrayNode tasks = entry.putArray("tasks");
      model.tasks().forEach(task -> tasks.add(task.label()));
      if (model.tasks().contains(Task.TEXT_CLASSIFICATION)) {
        ArrayNode labels = entry.putArray("labels");
        model.bert().config().id2label().values().forEach(labels::add);
      }
      ArrayNode untrained = entry.putArray("untrained_tasks");
      model.bert().untrainedTasks().forEach(task -> untrained.add(task.label()));
    }
    return new Answer.Tree(info);
  }

  private static ObjectNode type(ServedModel model) {
    ObjectNode type = JsonNodeFactory.instance.objectNode();
    if (!model.tasks().contains(Task.TEXT_CLASSIFICATION)) {
      type.putObject("embedding")
          .put("pooling", model.textEmbedding().defaultOptions().pooling().getFirst().fileName());
      return type;
    }
    Map<Integer, String> labels = model.bert().config().id2label();
    ObjectNode head = type.putObject(labels.size() == 1 ? "reranker" : "classifier");
    ObjectNode names = head.putObject("id2label");
    ObjectNode ids = head.putObject("label2id");
    labels.forEach(
        (id, label) -> {
          names.put(Integer.toString(id), label);
          ids.put(label, id);
        });
    return type;
  }

  private Answer list(JsonBody body, Call call) {
    ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = list.putArray("data");
    for (ServedModel model : models.all()) {
      data.addObject()
          .put("id", model.name())
          .put("object", "model")
          .put("created", 0)
          .put("owned_by", "megabert");
    }
    return new Answer.Tree(list);
  }
}
