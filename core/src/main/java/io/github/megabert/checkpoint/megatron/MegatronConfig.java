// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.huggingface.ConfigSchema;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.parameters.LayerOrder;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code config.json} of a Megatron-LM checkpoint: transformers' defaults, then what the
 * tensors show, then what the arguments tell, then what a given configuration says. A given one
 * that contradicts the tensors is refused.
 */
final class MegatronConfig {
  /** Megatron-LM's default of {@code make_vocab_size_divisible_by}. */
  private static final long DIVISIBLE_BY = 128;

  private MegatronConfig() {}

  static ObjectNode complete(
      MegatronMerge merge,
      MegatronArguments arguments,
      @Nullable Path configOverride,
      int tokens,
      String source)
      throws IOException {
    Map<String, Long> shown = shownByTensors(merge, source);
    ObjectNode config = defaults(merge.order());
    shown.forEach(config::put);
    describeHeads(config, merge);
    arguments.describe(config);
    config.put("vocab_size", vocabulary(config.get("vocab_size").asLong(), tokens, arguments));
    if (configOverride != null) {
      ObjectNode given = StrictJson.readObject(configOverride);
      requireValid(given, configOverride.toString());
      config.setAll(given);
      requireAgreement(config, shown, configOverride, source);
    }
    requireHeads(config, arguments, configOverride, source);
    ObjectNode read = StrictJson.asRead(config);
    requireValid(read, source);
    return read;
  }

  private static void requireValid(ObjectNode config, String source) throws CheckpointException {
    String fault = ConfigSchema.fault(config);
    if (fault != null) {
      throw new CheckpointException("the configuration in " + source + " is wrong: " + fault);
    }
  }

  /** Rows without padding: as the arguments tell, else as many as the tokenizer can name. */
  private static long vocabulary(long rows, int tokens, MegatronArguments arguments) {
    Long stored = arguments.integer("vocab_size");
    if (stored != null && stored > 0) {
      return Math.min(stored, rows);
    }
    return tokens > 0 && tokens < rows && rows - tokens < paddedTo(arguments) ? tokens : rows;
  }

  /**
   * Megatron-LM pads to a multiple of this. More rows are no padding, and the tokenizer is another
   * model's.
   */
  private static long paddedTo(MegatronArguments arguments) {
    Long multiple = arguments.integer("make_vocab_size_divisible_by");
    Long ranks = arguments.integer("tensor_model_parallel_size");
    return (multiple == null || multiple < 1 ? DIVISIBLE_BY : multiple)
        * (ranks == null || ranks < 1 ? 1 : ranks);
  }

  /**
   * Those of transformers' {@code MegatronBertConfig}, or {@code BertConfig}, that tensors and
   * arguments may not tell.
   */
  private static ObjectNode defaults(LayerOrder order) {
    ObjectNode config = StrictJson.emptyObject();
    config.put("model_type", family(order).modelType());
    config.put("hidden_act", "gelu");
    config.put("hidden_dropout_prob", 0.1);
    config.put("attention_probs_dropout_prob", 0.1);
    config.put("initializer_range", 0.02);
    config.put("layer_norm_eps", 1e-12);
    config.put("pad_token_id", 0);
    config.put("tie_word_embeddings", true);
    config.put("use_cache", true);
    config.put("is_decoder", false);
    config.put("add_cross_attention", false);
    return config;
  }

  private static ModelFamily family(LayerOrder order) {
    return switch (order) {
      case PRE_LAYER_NORM -> ModelFamily.MEGATRON_BERT;
      case POST_LAYER_NORM -> ModelFamily.BERT;
    };
  }

  private static Map<String, Long> shownByTensors(MegatronMerge merge, String source)
      throws CheckpointException {
    Shape words = shape(merge, ParameterTable.WORD_EMBEDDINGS, source);
    Shape positions = shape(merge, ParameterTable.POSITION_EMBEDDINGS, source);
    Shape types = shape(merge, ParameterTable.TYPE_EMBEDDINGS, source);
    Shape intermediate =
        shape(merge, ParameterTable.layerPrefix(0) + "intermediate.dense.weight", source);
    Map<String, Long> shown = new LinkedHashMap<>();
    shown.put("vocab_size", words.extent(0));
    shown.put("hidden_size", words.extent(1));
    shown.put("num_hidden_layers", (long) merge.layers());
    shown.put("intermediate_size", intermediate.extent(0));
    shown.put("max_position_embeddings", positions.extent(0));
    shown.put("type_vocab_size", types.extent(0));
    return shown;
  }

  private static Shape shape(MegatronMerge merge, String name, String source)
      throws CheckpointException {
    MergedTensor tensor = merge.parameters().get(name);
    if (tensor == null) {
      throw new CheckpointException(
          source + " lacks " + name + " under any of Megatron-LM's names; is it a BERT?");
    }
    return tensor.shape();
  }

  /** The class that computes with the heads that are there. */
  private static void describeHeads(ObjectNode config, MegatronMerge merge) {
    boolean predictions = merge.parameters().containsKey(ParameterTable.DECODER_BIAS);
    boolean relationship = merge.parameters().containsKey(ParameterTable.SENTENCE_PAIR + ".weight");
    MergedTensor classifier = merge.parameters().get(ParameterTable.CLASSIFIER + ".weight");
    ModelClass architecture = ModelClass.MODEL;
    if (classifier != null) {
      long labels = classifier.shape().extent(0);
      architecture = labels == 1 ? ModelClass.MULTIPLE_CHOICE : ModelClass.SEQUENCE_CLASSIFICATION;
      if (labels > 1 && labels <= 10_000) {
        ObjectNode names = config.putObject("id2label");
        ObjectNode numbers = config.putObject("label2id");
        for (int i = 0; i < labels; i++) {
          names.put(Integer.toString(i), "LABEL_" + i);
          numbers.put("LABEL_" + i, i);
        }
      }
    } else if (predictions) {
      architecture = relationship ? ModelClass.PRE_TRAINING : ModelClass.MASKED_LM;
    } else if (relationship) {
      architecture = ModelClass.NEXT_SENTENCE;
    }
    config.putArray("architectures").add(architecture.className(family(merge.order())));
  }

  private static void requireAgreement(
      ObjectNode config, Map<String, Long> shown, Path configOverride, String source)
      throws CheckpointException {
    for (Map.Entry<String, Long> size : shown.entrySet()) {
      String name = size.getKey();
      long given = config.path(name).asLong(-1);
      // A smaller vocabulary is the point of naming it: the rest is padding.
      boolean agrees =
          name.equals("vocab_size")
              ? given > 0 && given <= size.getValue()
              : given == size.getValue();
      if (!agrees) {
        throw new CheckpointException(
            configOverride
                + " says "
                + name
                + " = "
                + config.path(name)
                + ", the tensors of "
                + source
                + " show "
                + size.getValue());
      }
    }
  }

  private static void requireHeads(
      ObjectNode config, MegatronArguments arguments, @Nullable Path configOverride, String source)
      throws CheckpointException {
    long hidden = config.path("hidden_size").asLong();
    if (!config.has("num_attention_heads")) {
      // NVIDIA's published 345M checkpoints store no arguments; they have this shape and 16 heads.
      if (hidden != 1024 || config.path("num_hidden_layers").asLong() != 24) {
        throw new CheckpointException(
            source
                + " stores no arguments, so its number of heads is unknown; give a configuration"
                + " file with num_attention_heads");
      }
      config.put("num_attention_heads", 16);
    }
    long heads = config.path("num_attention_heads").asLong(-1);
    if (heads < 1 || heads > hidden || hidden % heads != 0) {
      throw new CheckpointException(
          (configOverride == null ? source : configOverride)
              + " gives "
              + config.path("num_attention_heads")
              + " attention heads, which do not divide the hidden size "
              + hidden);
    }
    Long stored = arguments.integer("num_attention_heads");
    if (stored != null && stored != heads) {
      throw new CheckpointException(
          configOverride
              + " says num_attention_heads = "
              + heads
              + ", the arguments in "
              + source
              + " say "
              + stored);
    }
  }
}
