// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static io.github.megabert.input.Quote.quote;

import io.github.megabert.backend.Activation;
import io.github.megabert.checkpoint.huggingface.ConfigSchema;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.json.JsonMap;
import io.github.megabert.json.JsonText;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.parameters.ModelSizes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The configuration of a MegatronBERT or a BERT, as {@code config.json} holds it ({@code
 * transformers.MegatronBertConfig}, {@code transformers.BertConfig}).
 *
 * <p>Fields that this class does not know are kept and written back by {@link #toJson}. Immutable.
 */
public final class MegatronBertConfig {
  private final ObjectNode json;
  private final ModelFamily family;
  private final int vocabSize;
  private final int hiddenSize;
  private final int numHiddenLayers;
  private final int numAttentionHeads;
  private final int intermediateSize;
  private final Activation hiddenAct;
  private final int maxPositionEmbeddings;
  private final int typeVocabSize;
  private final float layerNormEps;
  private final Map<Integer, String> id2label;

  private MegatronBertConfig(ObjectNode json, String source) {
    this.json = json;
    ConfigReader reader = new ConfigReader(json, source);
    String fault = ConfigSchema.fault(json);
    if (fault != null) {
      throw reader.contradiction(fault);
    }
    family = reader.family();
    boolean bert = family == ModelFamily.BERT;
    vocabSize = reader.positive("vocab_size", bert ? 30522 : 29056);
    hiddenSize = reader.positive("hidden_size", bert ? 768 : 1024);
    numHiddenLayers = reader.positive("num_hidden_layers", bert ? 12 : 24);
    numAttentionHeads = reader.positive("num_attention_heads", bert ? 12 : 16);
    intermediateSize = reader.positive("intermediate_size", bert ? 3072 : 4096);
    maxPositionEmbeddings = reader.positive("max_position_embeddings", 512);
    typeVocabSize = reader.positive("type_vocab_size", 2);
    layerNormEps = (float) reader.number("layer_norm_eps", 1e-12);
    try {
      hiddenAct = Activation.ofConfigName(reader.string("hidden_act", "gelu"));
    } catch (IllegalArgumentException unknown) {
      throw reader.contradiction("hidden_act: " + unknown.getMessage());
    }
    if (hiddenSize % numAttentionHeads != 0) {
      throw reader.contradiction(
          String.format(
              Locale.ROOT,
              "hidden_size %d is not a multiple of num_attention_heads %d",
              hiddenSize,
              numAttentionHeads));
    }
    String positions = reader.string("position_embedding_type", "absolute");
    if (!positions.equals("absolute")) {
      throw reader.contradiction(
          "position_embedding_type is " + quote(positions) + ", only 'absolute' is known");
    }
    id2label = reader.labels();
  }

  /**
   * Reads a {@code config.json}.
   *
   * @param fields its fields; copied. Values are strings, booleans, numbers, lists, maps and null
   * @param source where it was read from, for messages
   * @throws IllegalArgumentException if a field contradicts another or has a value that is not
   *     known; the message names the field and both values
   */
  public static MegatronBertConfig of(
      Map<String, ? extends @Nullable Object> fields, String source) {
    return new MegatronBertConfig(JsonMap.toObject(fields), source);
  }

  /**
   * Reads a {@code config.json}.
   *
   * @throws IllegalArgumentException as {@link #of}
   * @throws IOException if it cannot be read, or holds no JSON object
   */
  public static MegatronBertConfig read(Path file) throws IOException {
    return new MegatronBertConfig(StrictJson.readObject(file), file.toString());
  }

  /**
   * A MegatronBERT's configuration with transformers' defaults: 24 layers, 1024 wide, 16 heads,
   * 29056 tokens.
   */
  public static MegatronBertConfig base() {
    return of(Map.of(), "the default configuration");
  }

  /** A MegatronBERT's configuration of the given sizes and otherwise transformers' defaults. */
  public static MegatronBertConfig ofSizes(
      int layers, int hidden, int heads, int intermediate, int vocabulary, int positions) {
    return ofSizes(
        ModelFamily.MEGATRON_BERT, layers, hidden, heads, intermediate, vocabulary, positions);
  }

  /** A configuration of the given sizes and otherwise transformers' defaults. */
  public static MegatronBertConfig ofSizes(
      ModelFamily family,
      int layers,
      int hidden,
      int heads,
      int intermediate,
      int vocabulary,
      int positions) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model_type", family.modelType());
    fields.put("num_hidden_layers", layers);
    fields.put("hidden_size", hidden);
    fields.put("num_attention_heads", heads);
    fields.put("intermediate_size", intermediate);
    fields.put("vocab_size", vocabulary);
    fields.put("max_position_embeddings", positions);
    return of(fields, "a configuration of given sizes");
  }

  /**
   * This configuration with one more (or another) field, such as {@code is_decoder}.
   *
   * @param value a string, a boolean, a number, a list, a map, or null
   */
  public MegatronBertConfig with(String field, @Nullable Object value) {
    Map<String, @Nullable Object> changed = new LinkedHashMap<>(JsonMap.of(json));
    changed.put(field, value);
    return of(changed, "the changed configuration");
  }

  /** All fields, known and unknown. Unmodifiable. */
  public Map<String, @Nullable Object> toMap() {
    return JsonMap.of(complete());
  }

  /** The text of a {@code config.json} with all fields, known and unknown. */
  public String toJson() {
    return JsonText.indented(complete());
  }

  private ObjectNode complete() {
    ObjectNode copy = json.deepCopy();
    if (!copy.has("model_type")) {
      copy.put("model_type", family.modelType());
    }
    return copy;
  }

  /** What decides the names and shapes of the parameters. */
  public ModelSizes sizes() {
    return new ModelSizes(
        family.order(),
        numHiddenLayers,
        hiddenSize,
        intermediateSize,
        vocabSize,
        maxPositionEmbeddings,
        typeVocabSize,
        numLabels(),
        addCrossAttention(),
        tieWordEmbeddings());
  }

  /**
   * The family: what {@code model_type} says; without it, what {@code architectures} says, and
   * MegatronBERT where neither does.
   */
  public ModelFamily family() {
    return family;
  }

  /** Number of token ids ({@code vocab_size}). */
  public int vocabSize() {
    return vocabSize;
  }

  /** Width of the hidden states ({@code hidden_size}). */
  public int hiddenSize() {
    return hiddenSize;
  }

  /** Number of layers ({@code num_hidden_layers}). */
  public int numHiddenLayers() {
    return numHiddenLayers;
  }

  /** Number of attention heads ({@code num_attention_heads}). */
  public int numAttentionHeads() {
    return numAttentionHeads;
  }

  /** Columns a head: {@code hiddenSize / numAttentionHeads}. */
  public int headDim() {
    return hiddenSize / numAttentionHeads;
  }

  /** Width of the MLP ({@code intermediate_size}). */
  public int intermediateSize() {
    return intermediateSize;
  }

  /** Activation of the MLP and of the MLM head ({@code hidden_act}). */
  public Activation hiddenAct() {
    return hiddenAct;
  }

  /** The longest sequence ({@code max_position_embeddings}). */
  public int maxPositionEmbeddings() {
    return maxPositionEmbeddings;
  }

  /** Number of token type ids ({@code type_vocab_size}). */
  public int typeVocabSize() {
    return typeVocabSize;
  }

  /** Epsilon of every LayerNorm ({@code layer_norm_eps}). */
  public float layerNormEps() {
    return layerNormEps;
  }

  /** Standard deviation of random weights ({@code initializer_range}). */
  public double initializerRange() {
    return number("initializer_range", 0.02);
  }

  /** Dropout of hidden states in training ({@code hidden_dropout_prob}). */
  public double hiddenDropoutProb() {
    return number("hidden_dropout_prob", 0.1);
  }

  /** Dropout of attention probabilities in training ({@code attention_probs_dropout_prob}). */
  public double attentionProbsDropoutProb() {
    return number("attention_probs_dropout_prob", 0.1);
  }

  /**
   * Dropout of a classifier's input in training: a BERT's {@code classifier_dropout} where it is
   * set, else {@code hidden_dropout_prob}.
   */
  public double classifierDropoutProb() {
    return family == ModelFamily.BERT
        ? number("classifier_dropout", hiddenDropoutProb())
        : hiddenDropoutProb();
  }

  /** Whether self-attention is causal ({@code is_decoder}). */
  public boolean isDecoder() {
    return flag("is_decoder", false);
  }

  /** Whether layers have cross-attention ({@code add_cross_attention}). */
  public boolean addCrossAttention() {
    return flag("add_cross_attention", false);
  }

  /** Whether the decoder of the language model head is the word embedding table. */
  public boolean tieWordEmbeddings() {
    return flag("tie_word_embeddings", true);
  }

  /** Padding token ({@code pad_token_id}). */
  public OptionalInt padTokenId() {
    return json.has("pad_token_id") ? token("pad_token_id") : OptionalInt.of(0);
  }

  /** First token of a generated text ({@code bos_token_id}). */
  public OptionalInt bosTokenId() {
    return token("bos_token_id");
  }

  /** Token that ends a generated text ({@code eos_token_id}); of several the first. */
  public OptionalInt eosTokenId() {
    return token("eos_token_id");
  }

  /** Every token that ends a generated text ({@code eos_token_id}, a number or a list). */
  public List<Integer> eosTokenIds() {
    JsonNode node = json.path("eos_token_id");
    return (node.isArray() ? node.valueStream() : Stream.of(node))
        .filter(JsonNode::isInt)
        .map(JsonNode::intValue)
        .toList();
  }

  /** Number of classes of a classification head: the labels there are, or 2. */
  public int numLabels() {
    return id2label.size();
  }

  /** Label of each class index ({@code id2label}); {@code LABEL_0}, {@code LABEL_1} by default. */
  public Map<Integer, String> id2label() {
    return id2label;
  }

  /** {@code problem_type}, where it is set. */
  public Optional<String> problemType() {
    JsonNode node = json.get("problem_type");
    return node != null && node.isString() ? Optional.of(node.stringValue()) : Optional.empty();
  }

  /** Names of transformers classes ({@code architectures}); most often one. */
  public List<String> architectures() {
    List<String> names = new ArrayList<>();
    JsonNode node = json.get("architectures");
    if (node != null && node.isArray()) {
      for (JsonNode name : node) {
        names.add(name.stringValue());
      }
    }
    return List.copyOf(names);
  }

  private double number(String field, double fallback) {
    JsonNode node = json.get(field);
    return node != null && node.isNumber() ? node.doubleValue() : fallback;
  }

  private boolean flag(String field, boolean fallback) {
    JsonNode node = json.get(field);
    return (node != null && node.isBoolean()) ? node.booleanValue() : fallback;
  }

  private OptionalInt token(String field) {
    JsonNode node = json.get(field);
    if (node != null && node.isArray() && !node.isEmpty()) {
      node = node.get(0);
    }
    return node != null && node.isInt() ? OptionalInt.of(node.intValue()) : OptionalInt.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MegatronBertConfig config && json.equals(config.json);
  }

  @Override
  public int hashCode() {
    return json.hashCode();
  }

  @Override
  public String toString() {
    return json.toString();
  }

  /** Reads fields whose types were checked. */
  private record ConfigReader(ObjectNode json, String source) {
    IllegalArgumentException contradiction(String what) {
      return new IllegalArgumentException("the configuration in " + source + " is wrong: " + what);
    }

    private @Nullable JsonNode given(String field) {
      JsonNode node = json.get(field);
      return node == null || node.isNull() ? null : node;
    }

    ModelFamily family() {
      JsonNode type = given("model_type");
      if (type != null) {
        return ModelFamily.find(type.stringValue())
            .orElseThrow(
                () ->
                    contradiction(
                        "model_type is "
                            + quote(type.stringValue())
                            + ", "
                            + ModelFamily.modelTypes()
                            + " is expected"));
      }
      JsonNode names = given("architectures");
      return (names == null ? Stream.<JsonNode>of() : names.valueStream())
          .flatMap(name -> ModelFamily.ofClassName(name.stringValue()).stream())
          .findFirst()
          .orElse(ModelFamily.MEGATRON_BERT);
    }

    int positive(String field, int fallback) {
      JsonNode node = given(field);
      return node == null ? fallback : node.intValue();
    }

    double number(String field, double fallback) {
      JsonNode node = given(field);
      return node == null ? fallback : node.doubleValue();
    }

    String string(String field, String fallback) {
      JsonNode node = given(field);
      return node == null ? fallback : node.stringValue();
    }

    Map<Integer, String> labels() {
      JsonNode node = given("id2label");
      if (node == null || node.isEmpty()) {
        return new DefaultLabels(positive("num_labels", 2));
      }
      Map<Integer, String> labels = new TreeMap<>();
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        try {
          labels.put(Integer.valueOf(entry.getKey()), entry.getValue().stringValue());
        } catch (NumberFormatException notAnIndex) {
          throw contradiction(
              "id2label has the key " + quote(entry.getKey()) + ", an index is expected");
        }
      }
      for (int i = 0; i < labels.size(); i++) {
        if (!labels.containsKey(i)) {
          throw contradiction("id2label has " + labels.size() + " labels but none for index " + i);
        }
      }
      return Collections.unmodifiableMap(labels);
    }
  }
}
