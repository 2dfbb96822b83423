// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What a request is about: one input, or a list of them, to which the answer is one result or a
 * list.
 *
 * @param isList whether it was a list
 * @param values the inputs, at least one
 */
record Inputs<T>(boolean isList, List<T> values) {
  /** Texts: {@code "a"} or {@code ["a", "b"]}. */
  static Inputs<String> texts(JsonBody body, String field, Limits limits) {
    JsonNode value = body.value(field);
    if (value.isString()) {
      return checked(false, List.of(nonEmpty(field, value.stringValue())), field, limits);
    }
    requireFit(value.size(), limits);
    List<String> texts = body.texts(value, field);
    texts.forEach(text -> nonEmpty(field, text));
    return checked(true, texts, field, limits);
  }

  /**
   * Inputs of another shape.
   *
   * @param single whether the field's value is one of them rather than a list
   */
  static <T> Inputs<T> of(
      JsonNode value, String field, boolean single, Function<JsonNode, T> read, Limits limits) {
    if (single) {
      return checked(false, List.of(read.apply(value)), field, limits);
    }
    requireFit(value.size(), limits);
    List<T> values = new ArrayList<>(value.size());
    value.forEach(element -> values.add(read.apply(element)));
    return checked(true, values, field, limits);
  }

  private static <T> Inputs<T> checked(
      boolean isList, List<T> values, String field, Limits limits) {
    if (values.isEmpty()) {
      throw new RequestFailure(RequestFailure.Kind.EMPTY, "`" + field + "` cannot be empty");
    }
    requireFit(values.size(), limits);
    return new Inputs<>(isList, List.copyOf(values));
  }

  /** Checks how many texts a request has. */
  static void requireFit(long count, Limits limits) {
    if (count > limits.texts()) {
      throw RequestFailure.tooLarge(
          "batch size "
              + count
              + " > maximum allowed batch size "
              + limits.texts()
              + "; send the texts in several requests");
    }
  }

  /** A text that is not empty. */
  static String nonEmpty(String field, String text) {
    if (text.isEmpty()) {
      throw new RequestFailure(RequestFailure.Kind.EMPTY, "`" + field + "` cannot be empty");
    }
    return text;
  }

  /** The answer: a result's JSON for one input, a list for a list. */
  <R> Answer answer(List<R> results, Function<R, JsonNode> json) {
    if (!isList) {
      return new Answer.Tree(json.apply(results.getFirst()));
    }
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    results.forEach(result -> all.add(json.apply(result)));
    return new Answer.Tree(all);
  }
}
