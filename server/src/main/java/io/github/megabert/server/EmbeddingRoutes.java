// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.task.FeatureExtraction;
import io.github.megabert.task.LongText;
import io.github.megabert.task.NormalizeStep;
import io.github.megabert.task.TextEmbedding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Vectors of texts, as text-embeddings-inference and OpenAI give them. */
final class EmbeddingRoutes {
  /** Tokens of a request whose vectors are given one by one: all of them are in memory at once. */
  private static final int MOST_VECTORS = 8192;

  private final ServedModels models;
  private final Limits limits;

  EmbeddingRoutes(ServedModels models, Limits limits) {
    this.models = models;
    this.limits = limits;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/embed", this::embed),
        Endpoint.post("/embed_all", this::embedAll),
        Endpoint.post("/similarity", this::similarity),
        Endpoint.post("/v1/embeddings", this::openAi).openAi());
  }

  private Answer embed(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TEXT_EMBEDDING);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    boolean normalize = body.flag("normalize", true);
    TextEmbedding.Options options =
        options(model, body, body.findText("prompt_name")).withNormalize(normalize);
    int dimensions = dimensions(model, options, body);
    body.end();
    List<TextEmbedding.Embedding> results =
        model.apply(model.textEmbedding(), texts.values(), options, call);
    return new Answer.Written(
        json -> {
          json.writeStartArray();
          results.forEach(result -> write(json, cut(result.vector(), dimensions, normalize)));
          json.writeEndArray();
        });
  }

  private Answer embedAll(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.FEATURE_EXTRACTION);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    FeatureExtraction.Options options =
        FeatureExtraction.Options.DEFAULT.withLongText(longText(body));
    body.end();
    FeatureExtraction task = model.featureExtraction();
    long tokens = texts.values().stream().mapToLong(text -> task.tokens(text, options)).sum();
    if (tokens > MOST_VECTORS) {
      throw RequestFailure.tooLarge(
          "the texts have "
              + tokens
              + " tokens; the vectors of at most "
              + MOST_VECTORS
              + " are given at once");
    }
    List<FeatureExtraction.Features> results = model.apply(task, texts.values(), options, call);
    return new Answer.Written(
        json -> {
          json.writeStartArray();
          for (FeatureExtraction.Features features : results) {
            json.writeStartArray();
            for (int i = 0; i < features.encoding().size(); i++) {
              write(json, features.vectors().rows(i, i + 1).toFloatArray());
            }
            json.writeEndArray();
          }
          json.writeEndArray();
        });
  }

  private Answer similarity(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TEXT_EMBEDDING);
    JsonBody inputs = body.part(body.value("inputs"), "inputs");
    List<String> texts = new ArrayList<>();
    texts.add(Inputs.nonEmpty("source_sentence", inputs.text("source_sentence")));
    for (String sentence : inputs.texts(inputs.value("sentences"), "sentences")) {
      texts.add(Inputs.nonEmpty("sentences", sentence));
    }
    if (texts.size() == 1) {
      throw new RequestFailure(RequestFailure.Kind.EMPTY, "`sentences` cannot be empty");
    }
    Inputs.requireFit(texts.size(), limits);
    JsonBody parameters = body.part("parameters");
    TextEmbedding.Options options = options(model, parameters, parameters.findText("prompt_name"));
    body.end();
    List<TextEmbedding.Embedding> results =
        model.apply(model.textEmbedding(), texts, options, call);
    ArrayNode similarities = JsonNodeFactory.instance.arrayNode();
    for (TextEmbedding.Embedding other : results.subList(1, results.size())) {
      similarities.add((float) results.getFirst().cosine(other));
    }
    return new Answer.Tree(similarities);
  }

  private Answer openAi(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TEXT_EMBEDDING);
    requireTexts(body);
    Inputs<String> texts = Inputs.texts(body, "input", limits);
    String format = body.findText("encoding_format").orElse("float");
    if (!format.equals("float") && !format.equals("base64")) {
      throw body.wrong("encoding_format", body.value("encoding_format"), "'float' or 'base64'");
    }
    body.findText("user");
    TextEmbedding.Options options =
        options(model, limits.truncate(), Optional.empty()).withNormalize(true);
    int dimensions = dimensions(model, options, body);
    body.end();
    List<TextEmbedding.Embedding> results =
        model.apply(model.textEmbedding(), texts.values(), options, call);
    return new Answer.Written(
        json -> {
          json.writeStartObject();
          json.writeStringProperty("object", "list");
          json.writeArrayPropertyStart("data");
          for (int i = 0; i < results.size(); i++) {
            json.writeStartObject();
            json.writeStringProperty("object", "embedding");
            json.writeNumberProperty("index", i);
            json.writeName("embedding");
            float[] vector = cut(results.get(i).vector(), dimensions, true);
            if (format.equals("base64")) {
              json.writeString(base64(vector));
            } else {
              write(json, vector);
            }
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeStringProperty("model", model.name());
          json.writeObjectPropertyStart("usage");
          json.writeNumberProperty("prompt_tokens", call.tokens());
          json.writeNumberProperty("total_tokens", call.tokens());
          json.writeEndObject();
          json.writeEndObject();
        });
  }

  /** Some clients send numbers of tokens, of the tokenizer that OpenAI's models have. */
  private static void requireTexts(JsonBody body) {
    var input = body.value("input");
    if (input.isArray()
        && !input.isEmpty()
        && (input.get(0).isNumber() || input.get(0).isArray())) {
      throw RequestFailure.invalid(
          "the field 'input' has tokens, whose numbers belong to another tokenizer; send texts");
    }
  }

  private TextEmbedding.Options options(
      ServedModel model, JsonBody body, Optional<String> promptName) {
    return options(model, longText(body) == LongText.TRUNCATE, promptName);
  }

  private static TextEmbedding.Options options(
      ServedModel model, boolean truncate, Optional<String> promptName) {
    var config = model.bert().embeddingConfig();
    return promptName
        .map(config::options)
        .orElseGet(config::options)
        .withLongText(truncate ? LongText.TRUNCATE : LongText.REFUSE);
  }

  private LongText longText(JsonBody body) {
    return TextOptions.longText(body, limits);
  }

  private static int dimensions(ServedModel model, TextEmbedding.Options options, JsonBody body) {
    int all = model.textEmbedding().dimension(options);
    return body.number("dimensions", all, 1, all);
  }

  /** The first numbers of a vector, made as long as the whole was where it is normalized. */
  private static float[] cut(float[] vector, int dimensions, boolean normalize) {
    if (dimensions == vector.length) {
      return vector;
    }
    float[] part = Arrays.copyOf(vector, dimensions);
    return normalize ? new NormalizeStep().apply(part) : part;
  }

  private static void write(JsonGenerator json, float[] vector) {
    Answer.writeNumbers(json, vector, 0, vector.length);
  }

  /** The numbers as they lie in the memory of most machines. */
  private static String base64(float[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
