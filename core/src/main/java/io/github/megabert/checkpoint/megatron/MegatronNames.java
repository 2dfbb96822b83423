// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.parameters.LayerOrder;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelSizes;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Megatron-LM's names for a BERT's parameters, in its three dialects: with {@code layernorm} (until
 * 2023), with {@code norm} (2023), and Megatron core's {@code linear_qkv}.
 */
final class MegatronNames {
  /** Stands for the three parameters that Megatron keeps in one matrix. */
  static final String QKV = "attention.self.query_key_value";

  /** The last pipeline stage's copy of the word embeddings, in Megatron-LM's own model. */
  static final String COPY_OF_WORDS = "word_embeddings_for_head.weight";

  private static final Map<String, ParameterSpec> ROLES = roles();

  private static final Pattern LAYER =
      Pattern.compile("(?:transformer|encoder)\\.layers\\.(\\d{1,5})\\.(.+)");
  private static final Pattern FUSED_NORM = Pattern.compile("(.+)\\.layer_norm_(weight|bias)");
  private static final Pattern LEAF = Pattern.compile("(.+)\\.(weight|bias)");

  /**
   * A parameter's place in transformers.
   *
   * @param layer index of the layer within its file, or -1 outside of the layers
   * @param name transformers' name, without {@code bert.encoder.layer.N.} in a layer
   */
  record Place(int layer, String name, ParameterSpec role) {
    /** The whole name in transformers' terms. */
    String fullName(int firstLayer) {
      return layer < 0 ? name : ParameterTable.layerPrefix(firstLayer + layer) + name;
    }
  }

  /** Names in a layer without the last part: those of the dialects, and older or NeMo's ones. */
  private static final Map<String, String> IN_LAYER =
      withDialects(
          MegatronDialect::namesInLayer,
          Map.of(
              "input_norm",
              "attention.ln",
              "attention.query_key_value",
              QKV,
              "attention.dense",
              "attention.output.dense",
              "post_attention_norm",
              "ln",
              "post_att_layernorm",
              "attention.output.LayerNorm",
              "post_mlp_layernorm",
              "output.LayerNorm"));

  /** What NeMo calls so in a layer whose LayerNorms come behind its sub-layers. */
  private static final Map<String, String> BEHIND =
      Map.of(
          "input_layernorm",
          "attention.output.LayerNorm",
          "post_attention_layernorm",
          "output.LayerNorm");

  /** Megatron core with Transformer Engine keeps a norm with the matrix that follows it. */
  private static final Map<String, String> FUSED_NORMS =
      Map.of("self_attention.linear_qkv", "attention.ln", "mlp.linear_fc1", "ln");

  /** Likewise outside of the layers. */
  private static final Map<String, String> ELSEWHERE =
      withDialects(
          MegatronDialect::namesElsewhere,
          Map.of(
              "transformer.final_layernorm",
              ParameterTable.CLOSING_NORM,
              "transformer.final_norm",
              ParameterTable.CLOSING_NORM,
              "encoder.final_norm",
              ParameterTable.CLOSING_NORM,
              "transformer.initial_layernorm",
              ParameterTable.EMBEDDINGS_NORM,
              "encoder.initial_layernorm",
              ParameterTable.EMBEDDINGS_NORM,
              "lm_head.norm",
              ParameterTable.LANGUAGE_MODEL + "transform.LayerNorm",
              MegatronDialect.CHOICES,
              ParameterTable.CLASSIFIER));

  private MegatronNames() {}

  private static Map<String, String> withDialects(
      Function<MegatronDialect, Map<String, String>> names, Map<String, String> others) {
    Map<String, String> all = new HashMap<>(others);
    for (MegatronDialect dialect : MegatronDialect.values()) {
      all.putAll(names.apply(dialect));
    }
    return Map.copyOf(all);
  }

  /**
   * Where a parameter belongs, or null if it is none of its own: a state of Transformer Engine, or
   * the last pipeline stage's copy of the word embeddings.
   *
   * @param path Megatron's nested names, joined with dots
   * @param isPost whether LayerNorm comes behind each sub-layer
   * @throws CheckpointException if no MegatronBERT has such a parameter
   */
  static @Nullable Place place(String path, boolean isPost, String source)
      throws CheckpointException {
    String name = path;
    while (name.startsWith("module.") || name.startsWith("model.")) {
      name = name.substring(name.indexOf('.') + 1);
    }
    if (name.startsWith("language_model.")) {
      name = name.substring("language_model.".length());
    }
    if (name.endsWith("_extra_state") || name.startsWith("word_embeddings_for_head.")) {
      return null;
    }
    Matcher layer = LAYER.matcher(name);
    Place place =
        layer.matches()
            ? inLayer(Integer.parseInt(layer.group(1)), layer.group(2), isPost)
            : elsewhere(name);
    if (place == null) {
      throw new CheckpointException(
          source
              + " holds the parameter "
              + quote(path)
              + ", which no MegatronBERT has; is it another kind of model?");
    }
    return place;
  }

  private static @Nullable Place inLayer(int layer, String name, boolean isPost) {
    Matcher fused = FUSED_NORM.matcher(name);
    if (fused.matches()) {
      String norm = FUSED_NORMS.get(fused.group(1));
      return norm == null ? null : placed(layer, norm + "." + fused.group(2));
    }
    Matcher leaf = LEAF.matcher(name);
    String found = leaf.matches() ? IN_LAYER.get(leaf.group(1)) : null;
    if (found == null) {
      return null;
    }
    if (isPost) {
      found = BEHIND.getOrDefault(leaf.group(1), found);
    }
    return placed(layer, found + "." + leaf.group(2));
  }

  private static @Nullable Place elsewhere(String name) {
    Matcher leaf = LEAF.matcher(name);
    String found = leaf.matches() ? ELSEWHERE.get(leaf.group(1)) : null;
    if (found == null) {
      return null;
    }
    String full = found + "." + leaf.group(2);
    return placed(-1, full.equals("cls.predictions.weight") ? ParameterTable.DECODER : full);
  }

  private static @Nullable Place placed(int layer, String name) {
    ParameterSpec role = role(name);
    return role == null ? null : new Place(layer, name, role);
  }

  /** A layer's parameter as Megatron has it: the query's stands for query, key and value. */
  static String fused(String part) {
    return part.replace("attention.self.query.", QKV + ".");
  }

  /**
   * What transformers' parameter of that name is; of a query-key-value matrix, what the query is.
   *
   * @param name without {@code bert.encoder.layer.N.} in a layer
   * @return null if no class has it
   */
  static @Nullable ParameterSpec role(String name) {
    ParameterSpec elsewhere = ROLES.get(name);
    if (elsewhere != null) {
      return elsewhere;
    }
    String part = name.startsWith(QKV) ? name.replace(QKV, "attention.self.query") : name;
    return ROLES.get(ParameterTable.layerPrefix(0) + part);
  }

  /** Every parameter that some class has, of one layer; the shapes mean nothing. */
  private static Map<String, ParameterSpec> roles() {
    Map<String, ParameterSpec> roles = new HashMap<>();
    for (LayerOrder order : LayerOrder.values()) {
      ModelSizes sizes = new ModelSizes(order, 1, 1, 1, 1, 1, 1, 1, false, false);
      for (ModelClass modelClass : ModelClass.values()) {
        for (ParameterSpec spec : ParameterTable.of(sizes, modelClass).specs()) {
          roles.putIfAbsent(spec.name(), spec);
        }
      }
    }
    return roles;
  }
}
