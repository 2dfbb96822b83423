// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Texts to tokens and back, as text-embeddings-inference does it. */
final class TokenRoutes {
  private final ServedModels models;
  private final Limits limits;

  TokenRoutes(ServedModels models, Limits limits) {
    this.models = models;
    this.limits = limits;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/tokenize", this::tokenize), Endpoint.post("/decode", this::decode));
  }

  private Answer tokenize(JsonBody body, Call call) {
    ServedModel model = models.forTokens(body);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    EncodingOptions options =
        EncodingOptions.DEFAULT.withSpecialTokens(body.flag("add_special_tokens", true));
    body.end();
    BertTokenizer tokenizer = model.bert().tokenizer();
    call.served(model.name(), texts.values().size());
    List<Encoding> encodings =
        texts.values().stream().map(text -> tokenizer.encode(text, options)).toList();
    return new Answer.Written(
        json -> {
          json.writeStartArray();
          for (int i = 0; i < encodings.size(); i++) {
            write(json, texts.values().get(i), encodings.get(i));
          }
          json.writeEndArray();
        });
  }

  /** Places are counted in Unicode code points, as Python and Rust count. */
  private static void write(JsonGenerator json, String text, Encoding encoding) {
    json.writeStartArray();
    for (int i = 0; i < encoding.size(); i++) {
      boolean special = encoding.specialTokensMask()[i] == 1;
      json.writeStartObject();
      json.writeNumberProperty("id", encoding.ids()[i]);
      json.writeStringProperty(
          "text",
          special
              ? encoding.tokens().get(i)
              : text.substring(encoding.charStart()[i], encoding.charEnd()[i]));
      json.writeBooleanProperty("special", special);
      if (special) {
        json.writeNullProperty("start");
        json.writeNullProperty("stop");
      } else {
        json.writeNumberProperty("start", encoding.codePointStart()[i]);
        json.writeNumberProperty("stop", encoding.codePointEnd()[i]);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private Answer decode(JsonBody body, Call call) {
    ServedModel model = models.forTokens(body);
    JsonNode ids = body.value("ids");
    boolean single = !ids.isArray() || ids.isEmpty() || !ids.get(0).isArray();
    Inputs<int[]> inputs = Inputs.of(ids, "ids", single, one -> ids(body, one), limits);
    boolean skip = body.flag("skip_special_tokens", true);
    body.end();
    BertTokenizer tokenizer = model.bert().tokenizer();
    call.served(model.name(), inputs.values().size());
    return new Inputs<>(true, inputs.values())
        .answer(
            inputs.values(),
            one -> JsonNodeFactory.instance.stringNode(tokenizer.decode(one, skip)));
  }

  private static int[] ids(JsonBody body, JsonNode value) {
    if (!value.isArray()) {
      throw body.wrong("ids", value, "a list of token ids, or a list of such lists");
    }
    int[] ids = new int[value.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = value.get(i);
      if (!id.isInt() || id.intValue() < 0) {
        throw body.wrong("ids", id, "token ids, which are whole numbers from 0");
      }
      ids[i] = id.intValue();
    }
    return ids;
  }
}
