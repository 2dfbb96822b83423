// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import io.github.megabert.input.Quote;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of a {@code config.json} that are read, and what each may hold. A field of another
 * type is refused, not taken for its default. Absent fields, JSON's null and unknown fields pass.
 */
public final class ConfigSchema {
  /** What a field may hold. */
  private record Kind(String expected, Predicate<JsonNode> holds) {}

  private static final Kind SIZE =
      new Kind("a positive integer", value -> value.isInt() && value.intValue() > 0);

  /** Names of all layers' tensors are made before the first of them is looked for. */
  private static final Kind LAYERS =
      new Kind(
          "an integer from 1 to 1000",
          value -> value.isInt() && value.intValue() > 0 && value.intValue() <= 1000);

  private static final Kind FLAG = new Kind("true or false", JsonNode::isBoolean);
  private static final Kind TEXT = new Kind("a string", JsonNode::isString);

  /** An infinite epsilon would turn every hidden state into zero. */
  private static final Kind EPSILON =
      new Kind(
          "a number from 0 to 1", value -> value.isNumber() && isWithin(value.doubleValue(), 1));

  private static final Kind PROBABILITY = EPSILON;
  private static final Kind DEVIATION =
      new Kind(
          "a finite number from 0 up",
          value -> value.isNumber() && isWithin(value.doubleValue(), Float.MAX_VALUE));

  private static final Kind TOKEN =
      new Kind(
          "a token id or a list of them",
          value -> value.isInt() || (value.isArray() && all(value, JsonNode::isInt)));
  private static final Kind TEXTS =
      new Kind("a list of strings", value -> value.isArray() && all(value, JsonNode::isString));
  private static final Kind LABELS =
      new Kind(
          "an object of indices and labels",
          value -> value.isObject() && all(value, JsonNode::isString));
  private static final Kind INDICES =
      new Kind(
          "an object of labels and indices",
          value -> value.isObject() && all(value, JsonNode::isInt));

  private static final Map<String, Kind> FIELDS = new LinkedHashMap<>();

  static {
    put(TEXT, "model_type", "hidden_act", "position_embedding_type", "problem_type");
    put(TEXT, "tokenizer_type");
    put(SIZE, "vocab_size", "hidden_size", "num_attention_heads");
    put(LAYERS, "num_hidden_layers");
    put(SIZE, "intermediate_size", "max_position_embeddings", "type_vocab_size", "num_labels");
    put(EPSILON, "layer_norm_eps");
    put(PROBABILITY, "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout");
    put(DEVIATION, "initializer_range");
    put(FLAG, "is_decoder", "add_cross_attention", "tie_word_embeddings", "use_cache");
    put(TOKEN, "pad_token_id", "bos_token_id", "eos_token_id");
    put(TEXTS, "architectures");
    put(LABELS, "id2label");
    put(INDICES, "label2id");
  }

  private ConfigSchema() {}

  private static void put(Kind kind, String... fields) {
    for (String field : fields) {
      FIELDS.put(field, kind);
    }
  }

  private static boolean isWithin(double value, double most) {
    return value >= 0 && value <= most;
  }

  private static boolean all(JsonNode container, Predicate<JsonNode> holds) {
    for (JsonNode element : container) {
      if (!holds.test(element)) {
        return false;
      }
    }
    return true;
  }

  /** What is wrong with the first field that is, as a part of a sentence; null if nothing is. */
  public static @Nullable String fault(ObjectNode config) {
    for (Map.Entry<String, Kind> field : FIELDS.entrySet()) {
      JsonNode value = config.get(field.getKey());
      Kind kind = field.getValue();
      if (value != null && !value.isNull() && !kind.holds.test(value)) {
        return field.getKey() + " is " + Quote.json(value) + ", " + kind.expected + " is expected";
      }
    }
    return null;
  }
}
