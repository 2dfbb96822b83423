// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON object of a request, field by field. A field that is null counts as absent; one that
 * nobody asked for is refused by {@link #end}, so that what a client says is heeded or refused.
 */
final class JsonBody {
  private final ObjectNode fields;

  /** What stands before a field's name in messages: empty, or {@code parameters.}. */
  private final String path;

  private final Set<String> known = new TreeSet<>();
  private final List<JsonBody> parts = new ArrayList<>();

  private JsonBody(ObjectNode fields, String path) {
    this.fields = fields;
    this.path = path;
  }

  /** Of a request that has none. */
  static JsonBody empty() {
    return new JsonBody(JsonNodeFactory.instance.objectNode(), "");
  }

  /**
   * Reads a body.
   *
   * @throws RequestFailure if it is no JSON object
   */
  static JsonBody read(byte[] bytes) {
    JsonNode node;
    try {
      node = JsonTree.read(new ByteArrayInputStream(bytes), "the body", Integer.MAX_VALUE);
    } catch (JacksonException e) {
      throw new RequestFailure(
          RequestFailure.Kind.SYNTAX, "the body is no JSON" + JsonTree.reason(e), e);
    } catch (IOException e) {
      throw new RequestFailure(RequestFailure.Kind.TOO_LARGE, String.valueOf(e.getMessage()), e);
    }
    if (node instanceof ObjectNode object) {
      return new JsonBody(object, "");
    }
    throw new RequestFailure(
        RequestFailure.Kind.SYNTAX,
        "the body is " + Quote.json(node) + "; it has to be a JSON object");
  }

  /** The field's value, if there is one. */
  @Nullable JsonNode find(String name) {
    known.add(name);
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }

  /** The field's value. */
  JsonNode value(String name) {
    JsonNode value = find(name);
    if (value == null) {
      throw RequestFailure.invalid("the field '" + path + name + "' is missing");
    }
    return value;
  }

  String text(String name) {
    return text(value(name), name);
  }

  Optional<String> findText(String name) {
    return Optional.ofNullable(find(name)).map(value -> text(value, name));
  }

  boolean flag(String name, boolean otherwise) {
    JsonNode value = find(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw wrong(name, value, "true or false");
    }
    return value.booleanValue();
  }

  int number(String name, int otherwise, int least, int most) {
    JsonNode value = find(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
      throw wrong(name, value, "a whole number of " + least + " … " + most);
    }
    return value.intValue();
  }

  Optional<Double> findReal(String name) {
    JsonNode value = find(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrong(name, value, "a number");
    }
    return Optional.of(value.doubleValue());
  }

  Optional<Long> findLong(String name) {
    JsonNode value = find(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.canConvertToLong() || !value.isIntegralNumber()) {
      throw wrong(name, value, "a whole number");
    }
    return Optional.of(value.longValue());
  }

  /** A list of texts; empty if there is none. */
  List<String> texts(String name) {
    JsonNode value = find(name);
    return value == null ? List.of() : texts(value, name);
  }

  /** The texts of a value that has to be a list of them. */
  List<String> texts(JsonNode value, String name) {
    if (!value.isArray()) {
      throw wrong(name, value, "a list of texts");
    }
    List<String> texts = new ArrayList<>(value.size());
    for (JsonNode element : value) {
      texts.add(text(element, name));
    }
    return texts;
  }

  /** The object in a field; one without fields where it is absent. */
  JsonBody part(String name) {
    JsonNode value = find(name);
    return value == null ? part(JsonNodeFactory.instance.objectNode(), name) : part(value, name);
  }

  /** A value, which has to be an object, as a part of this body. */
  JsonBody part(JsonNode value, String name) {
    if (!(value instanceof ObjectNode object)) {
      throw wrong(name, value, "an object");
    }
    JsonBody part = new JsonBody(object, path + name + ".");
    parts.add(part);
    return part;
  }

  String text(JsonNode value, String name) {
    if (!value.isString()) {
      throw wrong(name, value, "a text");
    }
    return value.stringValue();
  }

  /** What to throw for a value of another kind. */
  RequestFailure wrong(String name, JsonNode value, String wanted) {
    return RequestFailure.invalid(
        "the field '" + path + name + "' has to be " + wanted + ", not " + Quote.json(value));
  }

  /**
   * Says that all fields have been asked for.
   *
   * @throws RequestFailure if there are others
   */
  void end() {
    for (String name : fields.propertyNames()) {
      if (!known.contains(name)) {
        throw RequestFailure.invalid(
            "the field '"
                + path
                + Quote.escape(name)
                + "' is not known here; known are "
                + String.join(", ", known));
      }
    }
    parts.forEach(JsonBody::end);
  }
}
