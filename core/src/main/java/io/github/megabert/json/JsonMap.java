// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.json;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON objects as maps of plain Java values, so that no one who asks for a configuration has to
 * know the library that read it: {@link String}, {@link Boolean}, {@link Integer}, {@link Long},
 * {@link BigInteger}, {@link Double}, {@link List}, {@link Map} and null. Names keep their order.
 */
public final class JsonMap {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private JsonMap() {}

  /** An unmodifiable map of an object's fields. */
  public static Map<String, @Nullable Object> of(ObjectNode object) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    object.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
    return Collections.unmodifiableMap(map);
  }

  private static @Nullable Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> node.stringValue();
      case BOOLEAN -> node.booleanValue();
      case NUMBER -> node.numberValue();
      case OBJECT -> of((ObjectNode) node);
      case ARRAY -> {
        List<@Nullable Object> values = new ArrayList<>();
        node.forEach(element -> values.add(value(element)));
        yield Collections.unmodifiableList(values);
      }
      default -> null;
    };
  }

  /**
   * The object that a map describes; a new one.
   *
   * @throws IllegalArgumentException if a value is none that JSON has, naming its field
   */
  public static ObjectNode toObject(Map<String, ? extends @Nullable Object> map) {
    ObjectNode object = NODES.objectNode();
    map.forEach((name, value) -> object.set(name, node(name, value)));
    return object;
  }

  private static JsonNode node(String name, @Nullable Object value) {
    return switch (value) {
      case null -> NODES.nullNode();
      case String text -> NODES.stringNode(text);
      case Boolean flag -> NODES.booleanNode(flag);
      case Integer number -> NODES.numberNode(number.intValue());
      case Long number -> NODES.numberNode(number.longValue());
      case BigInteger number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number.doubleValue());
      case Float number -> NODES.numberNode(Double.parseDouble(number.toString()));
      case List<?> elements -> {
        ArrayNode array = NODES.arrayNode();
        elements.forEach(element -> array.add(node(name, element)));
        yield array;
      }
      case Map<?, ?> fields -> {
        ObjectNode object = NODES.objectNode();
        fields.forEach((key, field) -> object.set(String.valueOf(key), node(name, field)));
        yield object;
      }
      default ->
          throw new IllegalArgumentException(
              name
                  + " is a "
                  + value.getClass().getName()
                  + ", and JSON has strings, numbers, booleans, lists, maps and null");
    };
  }
}
