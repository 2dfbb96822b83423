// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.tensor.Tensor;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** What the tokens of a text attend to, one layer at a time. */
final class AttentionRoute {
  private final ServedModels models;

  AttentionRoute(ServedModels models) {
    this.models = models;
  }

  List<Endpoint> endpoints() {
    return List.of(Endpoint.post("/attention", this::attention));
  }

  private Answer attention(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.FEATURE_EXTRACTION);
    String text = Inputs.nonEmpty("inputs", body.text("inputs"));
    int layers = model.bert().config().numHiddenLayers();
    int layer = body.part("parameters").number("layer", layers - 1, 0, layers - 1);
    body.end();
    AttentionTask.Attention attention =
        model
            .apply(model.attention(), List.of(text), new AttentionTask.Options(layer), call)
            .getFirst();
    return new Answer.Written(
        json -> {
          json.writeStartObject();
          json.writeArrayPropertyStart("tokens");
          attention.encoding().tokens().forEach(json::writeString);
          json.writeEndArray();
          json.writeNumberProperty("layers", layers);
          json.writeNumberProperty("layer", layer);
          json.writeName("attention");
          write(json, attention.probabilities());
          json.writeEndObject();
        });
  }

  /** As {@code [heads][queries][keys]}. */
  private static void write(JsonGenerator json, Tensor probabilities) {
    float[] values = probabilities.toFloatArray();
    int tokens = probabilities.shape().intExtent(1);
    int place = 0;
    json.writeStartArray();
    for (int head = 0; head < probabilities.shape().intExtent(0); head++) {
      json.writeStartArray();
      for (int query = 0; query < tokens; query++) {
        Answer.writeNumbers(json, values, place, place + tokens);
        place += tokens;
      }
      json.writeEndArray();
    }
    json.writeEndArray();
  }
}
