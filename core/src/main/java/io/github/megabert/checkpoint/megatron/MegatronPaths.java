package io.github.megabert.checkpoint.megatron;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where {@link MegatronWriter} puts a parameter in a file's nested dictionaries. */
final class MegatronPaths {
  /** The name of a layer's parameter within {@code encoder}, after {@code layers.N.}. */
  private static final Map<String, String> IN_LAYER =
      Map.of(
          "attention.ln",
          "input_layernorm",
          MegatronNames.QKV,
          "self_attention.query_key_value",
          "attention.output.dense",
          "self_attention.dense",
          "ln",
          "post_attention_layernorm",
          "intermediate.dense",
          "mlp.dense_h_to_4h",
          "output.dense",
          "mlp.dense_4h_to_h");

  private static final String LANGUAGE_MODEL = "language_model";

  private MegatronPaths() {}

  /** Keys from {@code model} down to a parameter of layer {@code layer}, or null if unknown. */
  static @Nullable List<String> inLayer(int layer, String name) {
    int dot = name.lastIndexOf('.');
    String found = dot < 0 ? null : IN_LAYER.get(name.substring(0, dot));
    return found == null
        ? null
        : List.of(LANGUAGE_MODEL, "encoder", "layers." + layer + "." + found + name.substring(dot));
  }

  /** Keys from {@code model} down to a parameter outside of the layers, or null if unknown. */
  static @Nullable List<String> elsewhere(String name, boolean multipleChoice) {
    int dot = name.lastIndexOf('.');
    String leaf = name.substring(dot + 1);
    String base = dot < 0 ? "" : name.substring(0, dot);
    return switch (base) {
      case "bert.embeddings.word_embeddings" ->
          List.of(LANGUAGE_MODEL, "embedding", "word_embeddings", leaf);
      case "bert.embeddings.position_embeddings" ->
          List.of(LANGUAGE_MODEL, "embedding", "position_embeddings", leaf);
      case "bert.embeddings.token_type_embeddings" ->
          List.of(LANGUAGE_MODEL, "embedding", "tokentype_embeddings", leaf);
      case "bert.encoder.ln" -> List.of(LANGUAGE_MODEL, "encoder", "final_layernorm." + leaf);
      case "bert.pooler.dense" -> List.of(LANGUAGE_MODEL, "pooler", "dense." + leaf);
      case "cls.predictions.transform.dense" -> List.of("lm_head", "dense." + leaf);
      case "cls.predictions.transform.LayerNorm" -> List.of("lm_head", "layernorm." + leaf);
      case "cls.predictions" -> List.of("lm_head", leaf);
      case "cls.predictions.decoder" -> List.of(LANGUAGE_MODEL, "output_layer", leaf);
      case "cls.seq_relationship" -> List.of("binary_head", leaf);
      case "classifier" ->
          List.of(multipleChoice ? "multichoice_head" : "classification_head", leaf);
      default -> null;
    };
  }
}
