// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.PickleValues.Global;
import io.github.megabert.checkpoint.torch.PickleValues.Inert;
import io.github.megabert.checkpoint.torch.TorchFile;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Megatron-LM's training arguments, where the checkpoint stores them, as a configuration in
 * transformers' terms.
 *
 * <p>What the tensors say themselves (sizes, numbers of layers) is taken from them; the arguments
 * give the number of heads, the activation, the epsilon of the norms and the dropouts.
 */
final class MegatronArguments {
  /** Arguments that are read, and so must be the same for every rank. */
  private static final List<String> OF_THE_MODEL =
      List.of(
          "tensor_model_parallel_size",
          "pipeline_model_parallel_size",
          "num_attention_heads",
          "num_query_groups",
          "group_query_attention",
          "vocab_size",
          "swiglu",
          "gated_linear_unit",
          "squared_relu",
          "apply_residual_connection_post_layernorm",
          "multi_query_attention",
          "position_embedding_type",
          "normalization",
          "openai_gelu",
          "bias_gelu_fusion",
          "layernorm_epsilon",
          "norm_epsilon",
          "untie_embeddings_and_output_weights",
          "tokenizer_type");

  private final Map<?, ?> arguments;
  private final String source;

  private MegatronArguments(Map<?, ?> arguments, String source) {
    this.arguments = arguments;
    this.source = source;
  }

  /** The arguments of a file; without any where it has none. */
  static MegatronArguments of(TorchFile file) {
    Object stored = PickleValues.member(file.root(), "args");
    Map<?, ?> arguments =
        switch (stored) {
          case Inert object -> object.attributes();
          case Map<?, ?> map -> map;
          case null, default -> Map.of();
        };
    return new MegatronArguments(arguments, file.source());
  }

  /** The configuration of NeMo, in the same terms. */
  static MegatronArguments of(NemoFile nemo, String source) {
    return new MegatronArguments(nemo.arguments(), source);
  }

  /** Whether LayerNorm comes behind each sub-layer, as NeMo's {@code post_ln} has it. */
  boolean isPostLayerNorm() {
    return "post_ln".equals(arguments.get("transformer_block_type"));
  }

  /** How NeMo orders queries, keys and values; null where the checkpoint's version tells it. */
  @Nullable MegatronQkvOrder queryKeyValueOrder() {
    if (!(arguments.get("transformer_block_type") instanceof String)) {
      return null;
    }
    return isTrue("megatron_legacy") ? MegatronQkvOrder.KIND_FIRST : MegatronQkvOrder.KIND_SECOND;
  }

  /** An integer argument, or null. */
  @Nullable Long integer(String name) {
    return arguments.get(name) instanceof Long value ? value : null;
  }

  /** A numeric argument, or null. */
  @Nullable Double number(String name) {
    return arguments.get(name) instanceof Number value ? (Double) value.doubleValue() : null;
  }

  /** Whether an argument is given as false. */
  boolean isFalse(String name) {
    return Boolean.FALSE.equals(arguments.get(name));
  }

  private boolean isTrue(String name) {
    return Boolean.TRUE.equals(arguments.get(name));
  }

  /**
   * Refuses what transformers' MegatronBERT cannot express, instead of computing something else.
   *
   * @throws CheckpointException if the model is of another kind
   */
  void requireBert() throws CheckpointException {
    if (isTrue("apply_residual_connection_post_layernorm")) {
      throw new CheckpointException(
          source
              + " was trained with apply_residual_connection_post_layernorm, which adds what comes"
              + " out of each LayerNorm; MegatronBERT adds what goes into it, and BERT has its"
              + " LayerNorm behind the sum");
    }
    for (String flag :
        new String[] {"swiglu", "gated_linear_unit", "squared_relu", "multi_query_attention"}) {
      if (isTrue(flag)) {
        throw new CheckpointException(
            source + " was trained with " + flag + ", which MegatronBERT does not have");
      }
    }
    requireOneOf("position_embedding_type", Set.of("learned_absolute"));
    requireOneOf("normalization", Set.of("LayerNorm", "layernorm"));
    requireOneOf("transformer_block_type", Set.of("pre_ln", "post_ln"));
    requireOneOf("activation", Set.of("gelu"));
    Long groups = integer("num_query_groups");
    Long heads = integer("num_attention_heads");
    if (isTrue("group_query_attention") && groups != null && !groups.equals(heads)) {
      throw new CheckpointException(
          source + " has " + groups + " query groups, MegatronBERT has as many as heads");
    }
  }

  private void requireOneOf(String name, Set<String> known) throws CheckpointException {
    if (arguments.get(name) instanceof String value && !known.contains(value)) {
      throw new CheckpointException(
          source + " has " + name + " " + quote(value) + ", MegatronBERT has " + known);
    }
  }

  /**
   * Refuses another rank's arguments that describe another model.
   *
   * @throws CheckpointException if an argument that is read here differs
   */
  void requireSame(MegatronArguments first) throws CheckpointException {
    for (String name : OF_THE_MODEL) {
      Object wanted = first.arguments.get(name);
      Object found = arguments.get(name);
      if (!MegatronRanks.same(wanted, found)) {
        throw new CheckpointException(
            source
                + " was trained with "
                + name
                + " "
                + MegatronRanks.shown(found)
                + ", "
                + first.source
                + " with "
                + MegatronRanks.shown(wanted)
                + "; all ranks must be of one run");
      }
    }
  }

  /** Writes what the arguments tell into a configuration. */
  void describe(ObjectNode config) {
    Long heads = integer("num_attention_heads");
    if (heads != null) {
      config.put("num_attention_heads", heads.longValue());
    }
    // Megatron's fused bias and gelu, and openai_gelu, use the tanh form; torch's gelu the exact
    // one.
    if (isTrue("openai_gelu") || isTrue("bias_gelu_fusion")) {
      config.put("hidden_act", "gelu_new");
    }
    Double epsilon = number("layernorm_epsilon");
    if (epsilon == null) {
      epsilon = number("norm_epsilon");
    }
    put(config, "layer_norm_eps", epsilon);
    put(config, "hidden_dropout_prob", number("hidden_dropout"));
    put(config, "attention_probs_dropout_prob", number("attention_dropout"));
    put(config, "initializer_range", number("init_method_std"));
    if (isTrue("untie_embeddings_and_output_weights")) {
      config.put("tie_word_embeddings", false);
    }
    if (arguments.get("tokenizer_type") instanceof String tokenizer) {
      config.put("tokenizer_type", tokenizer);
    }
    if (arguments.get("params_dtype") instanceof Global dtype && dtype.module().equals("torch")) {
      config.put("dtype", dtype.name());
    }
  }

  private static void put(ObjectNode config, String name, @Nullable Double value) {
    if (value != null) {
      config.put(name, value.doubleValue());
    }
  }
}
