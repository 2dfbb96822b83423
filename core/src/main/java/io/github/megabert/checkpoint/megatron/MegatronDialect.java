// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Under which names Megatron-LM's two BERTs save their parameters, and in which order they have
 * them: the order of PyTorch's {@code named_parameters()}, by which an optimizer's state counts
 * them.
 */
public enum MegatronDialect {
  /** Megatron-LM's own model, {@code megatron/legacy/model/bert_model.py}; removed in 2026. */
  LEGACY(
      List.of(
          Map.entry("bert.embeddings.word_embeddings", "language_model embedding word_embeddings"),
          Map.entry(
              "bert.embeddings.position_embeddings",
              "language_model embedding position_embeddings"),
          Map.entry(
              "bert.embeddings.token_type_embeddings",
              "language_model embedding tokentype_embeddings")),
      List.of(
          Map.entry("attention.ln", "input_layernorm"),
          Map.entry(MegatronNames.QKV, "self_attention.query_key_value"),
          Map.entry("attention.output.dense", "self_attention.dense"),
          Map.entry("ln", "post_attention_layernorm"),
          Map.entry("intermediate.dense", "mlp.dense_h_to_4h"),
          Map.entry("output.dense", "mlp.dense_4h_to_h")),
      List.of(
          Map.entry("bert.encoder.ln", "language_model encoder final_layernorm."),
          Map.entry("bert.pooler.dense", "language_model pooler dense."),
          Map.entry("cls.predictions.decoder", "language_model output_layer"),
          Map.entry("cls.predictions", "lm_head"),
          Map.entry("cls.predictions.transform.dense", "lm_head dense."),
          Map.entry("cls.predictions.transform.LayerNorm", "lm_head layernorm."),
          Map.entry("cls.seq_relationship", "binary_head"),
          Map.entry("classifier", "classification_head"))),

  /** Megatron core's, {@code megatron/core/models/bert/bert_model.py}, of its local layers. */
  CORE(
      List.of(
          Map.entry("bert.embeddings.word_embeddings", "embedding.word_embeddings."),
          Map.entry("bert.embeddings.position_embeddings", "embedding.position_embeddings."),
          Map.entry("bert.embeddings.token_type_embeddings", "embedding.tokentype_embeddings.")),
      List.of(
          Map.entry("attention.ln", "input_layernorm"),
          Map.entry("attention.output.dense", "self_attention.linear_proj"),
          Map.entry(MegatronNames.QKV, "self_attention.linear_qkv"),
          Map.entry("ln", "pre_mlp_layernorm"),
          Map.entry("intermediate.dense", "mlp.linear_fc1"),
          Map.entry("output.dense", "mlp.linear_fc2")),
      List.of(
          Map.entry("bert.encoder.ln", "encoder.final_layernorm."),
          Map.entry("cls.predictions.transform.dense", "lm_head.dense."),
          Map.entry("cls.predictions.transform.LayerNorm", "lm_head.layer_norm."),
          Map.entry("cls.predictions.decoder", "output_layer."),
          Map.entry("cls.predictions", "output_layer."),
          Map.entry("cls.seq_relationship", "binary_head."),
          Map.entry("bert.pooler.dense", "pooler.dense.")));

  /** The classification head of Megatron-LM's model of multiple choice. */
  static final String CHOICES = "multichoice_head";

  /** Megatron core's linear layers, each of which saves an empty state of its own. */
  private static final Set<String> WITH_STATE =
      Set.of(
          "self_attention.linear_proj",
          "self_attention.linear_qkv",
          "mlp.linear_fc1",
          "mlp.linear_fc2",
          "output_layer");

  @SuppressWarnings("ImmutableEnumChecker") // all three are List.of
  private final List<Map.Entry<String, String>> before;

  @SuppressWarnings("ImmutableEnumChecker")
  private final List<Map.Entry<String, String>> inLayer;

  @SuppressWarnings("ImmutableEnumChecker")
  private final List<Map.Entry<String, String>> behind;

  /**
   * Transformers' names without the last part, and Megatron's, in the order in which the model has
   * them; spaces divide the keys of nested dictionaries.
   */
  MegatronDialect(
      List<Map.Entry<String, String>> before,
      List<Map.Entry<String, String>> inLayer,
      List<Map.Entry<String, String>> behind) {
    this.before = before;
    this.inLayer = inLayer;
    this.behind = behind;
  }

  /** Transformers' names in a layer by Megatron's, without the last part of each. */
  Map<String, String> namesInLayer() {
    return inLayer.stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
  }

  /** Likewise outside of the layers, below {@code language_model}; the decoder is its head's. */
  Map<String, String> namesElsewhere() {
    Map<String, String> names = new HashMap<>();
    for (List<Map.Entry<String, String>> part : List.of(before, behind)) {
      for (Map.Entry<String, String> name : part) {
        names.put(
            name.getValue()
                .replace(' ', '.')
                .replaceFirst("^language_model\\.", "")
                .replaceFirst("\\.$", ""),
            name.getKey().replaceFirst("\\.decoder$", ""));
      }
    }
    return names;
  }

  /** Keys from {@code model} down to a parameter of layer {@code layer}, or null if unknown. */
  @Nullable List<String> inLayer(int layer, String name) {
    int at = index(inLayer, base(name));
    if (at < 0) {
      return null;
    }
    String key = "layers." + layer + "." + inLayer.get(at).getValue() + "." + leaf(name);
    return this == LEGACY ? List.of("language_model", "encoder", key) : List.of("encoder." + key);
  }

  /** Keys from {@code model} down to a parameter outside of the layers, or null if unknown. */
  @Nullable List<String> elsewhere(String name, boolean multipleChoice) {
    for (List<Map.Entry<String, String>> names : List.of(before, behind)) {
      int at = index(names, base(name));
      if (at >= 0) {
        String path = names.get(at).getValue();
        String own = path.equals("classification_head") && multipleChoice ? CHOICES : path;
        List<String> keys = new ArrayList<>(List.of(own.split(" ")));
        if (own.endsWith(".")) {
          keys.set(keys.size() - 1, keys.getLast() + leaf(name));
        } else {
          keys.add(leaf(name));
        }
        return keys;
      }
    }
    return null;
  }

  /**
   * The key of the state that a layer has beside a weight at these keys, which is {@code None};
   * null where there is no such state.
   */
  @Nullable String emptyState(List<String> keys) {
    String key = keys.getLast();
    String base = base(key);
    boolean has =
        this == CORE
            && leaf(key).equals("weight")
            && WITH_STATE.contains(base.replaceFirst("encoder\\.layers\\.\\d+\\.", ""));
    return has ? base + "._extra_state" : null;
  }

  /** The order of {@code named_parameters()}, of transformers' names. */
  Comparator<String> order() {
    return Comparator.comparing(this::position);
  }

  private Position position(String name) {
    int leaf = leaf(name).equals("weight") ? 0 : 1;
    Matcher layer = MegatronPartition.LAYER.matcher(name);
    if (layer.matches()) {
      String part = MegatronNames.fused(layer.group(2));
      return new Position(1, Integer.parseInt(layer.group(1)), index(inLayer, base(part)), leaf);
    }
    int first = index(before, base(name));
    return first >= 0
        ? new Position(0, 0, first, leaf)
        : new Position(2, 0, index(behind, base(name)), leaf);
  }

  private record Position(int region, int layer, int index, int leaf)
      implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
        Comparator.comparingInt(Position::region)
            .thenComparingInt(Position::layer)
            .thenComparingInt(Position::index)
            .thenComparingInt(Position::leaf);

    @Override
    public int compareTo(Position other) {
      return ORDER.compare(this, other);
    }
  }

  private static int index(List<Map.Entry<String, String>> names, String base) {
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).getKey().equals(base)) {
        return i;
      }
    }
    return -1;
  }

  private static String base(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(0, dot);
  }

  private static String leaf(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
