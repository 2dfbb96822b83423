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

  private static final Map<String, String> IN_LAYER =
      Map.ofEntries(
          Map.entry("input_layernorm", "attention.ln"),
          Map.entry("input_norm", "attention.ln"),
          Map.entry("attention.query_key_value", QKV),
          Map.entry("self_attention.query_key_value", QKV),
          Map.entry("self_attention.linear_qkv", QKV),
          Map.entry("attention.dense", "attention.output.dense"),
          Map.entry("self_attention.dense", "attention.output.dense"),
          Map.entry("self_attention.linear_proj", "attention.output.dense"),
          Map.entry("post_attention_layernorm", "ln"),
          Map.entry("post_attention_norm", "ln"),
          Map.entry("pre_mlp_layernorm", "ln"),
          Map.entry("mlp.dense_h_to_4h", "intermediate.dense"),
          Map.entry("mlp.linear_fc1", "intermediate.dense"),
          Map.entry("mlp.dense_4h_to_h", "output.dense"),
          Map.entry("mlp.linear_fc2", "output.dense"),
          Map.entry("post_att_layernorm", "attention.output.LayerNorm"),
          Map.entry("post_mlp_layernorm", "output.LayerNorm"));

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

  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("embedding.word_embeddings", "bert.embeddings.word_embeddings"),
          Map.entry("embedding.position_embeddings", "bert.embeddings.position_embeddings"),
          Map.entry("embedding.tokentype_embeddings", "bert.embeddings.token_type_embeddings"),
          Map.entry("transformer.final_layernorm", "bert.encoder.ln"),
          Map.entry("transformer.final_norm", "bert.encoder.ln"),
          Map.entry("encoder.final_layernorm", "bert.encoder.ln"),
          Map.entry("encoder.final_norm", "bert.encoder.ln"),
          Map.entry("transformer.initial_layernorm", ParameterTable.EMBEDDINGS_NORM),
          Map.entry("encoder.initial_layernorm", ParameterTable.EMBEDDINGS_NORM),
          Map.entry("pooler.dense", "bert.pooler.dense"),
          Map.entry("lm_head.dense", "cls.predictions.transform.dense"),
          Map.entry("lm_head.layernorm", "cls.predictions.transform.LayerNorm"),
          Map.entry("lm_head.norm", "cls.predictions.transform.LayerNorm"),
          Map.entry("lm_head.layer_norm", "cls.predictions.transform.LayerNorm"),
          Map.entry("lm_head", "cls.predictions"),
          Map.entry("output_layer", "cls.predictions"),
          Map.entry("binary_head", "cls.seq_relationship"),
          Map.entry("classification_head", "classifier"),
          Map.entry("multichoice_head", "classifier"));

  private MegatronNames() {}

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
