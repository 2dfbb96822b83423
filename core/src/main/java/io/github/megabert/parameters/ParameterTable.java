// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

import io.github.megabert.parameters.ParameterSpec.Kind;
import io.github.megabert.parameters.ParameterSpec.Place;
import io.github.megabert.parameters.ParameterSpec.Split;
import io.github.megabert.tensor.Shape;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of a class under given sizes, in the order of transformers' state dictionary. A
 * tied decoder is named once, as the word embeddings.
 */
public final class ParameterTable {
  /** The table of word embeddings, and the decoder's weight where it is tied. */
  public static final String WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight";

  /** The table of positions. */
  public static final String POSITION_EMBEDDINGS = "bert.embeddings.position_embeddings.weight";

  /** The table of token types. */
  public static final String TYPE_EMBEDDINGS = "bert.embeddings.token_type_embeddings.weight";

  /** The decoder's weight where it is not tied. */
  public static final String DECODER = "cls.predictions.decoder.weight";

  /** The decoder's bias. */
  public static final String DECODER_BIAS = "cls.predictions.bias";

  /** Another name of the same bias in transformers, which is saved beside it or in its place. */
  public static final String DECODER_BIAS_ALIAS = "cls.predictions.decoder.bias";

  /** What the names of a language model's head begin with. */
  public static final String LANGUAGE_MODEL = "cls.predictions.";

  /** The dense layer over the first token. */
  public static final String POOLER = "bert.pooler.dense";

  /** The head that tells whether a text continues another. */
  public static final String SENTENCE_PAIR = "cls.seq_relationship";

  /** The head of labels, or of choices. */
  public static final String CLASSIFIER = "classifier";

  /** The head of answers' beginnings and ends. */
  public static final String ANSWER_SPAN = "qa_outputs";

  /** The LayerNorm behind the embeddings, where the order is post-LayerNorm. */
  public static final String EMBEDDINGS_NORM = "bert.embeddings.LayerNorm";

  /** The LayerNorm that closes the stack, where the order is pre-LayerNorm. */
  public static final String CLOSING_NORM = "bert.encoder.ln";

  private static final Place EMBEDDINGS = new Place.Embeddings();
  private static final Place HEAD = new Place.Head();

  private final Map<String, ParameterSpec> specs = new LinkedHashMap<>();
  private final ModelSizes sizes;

  private ParameterTable(ModelSizes sizes, ModelClass modelClass) {
    this.sizes = sizes;
    embeddings();
    for (int i = 0; i < sizes.layers(); i++) {
      layer(i);
    }
    if (sizes.order() == LayerOrder.PRE_LAYER_NORM) {
      norm(CLOSING_NORM, HEAD);
    }
    modelClass.heads().forEach(this::head);
  }

  /** The parameters of a class. */
  public static ParameterTable of(ModelSizes sizes, ModelClass modelClass) {
    return new ParameterTable(sizes, modelClass);
  }

  /** What the names of a layer's parameters begin with. */
  public static String layerPrefix(int index) {
    return "bert.encoder.layer." + index + ".";
  }

  /** All parameters in order. */
  public Collection<ParameterSpec> specs() {
    return Collections.unmodifiableCollection(specs.values());
  }

  /** All names in order. */
  public Set<String> names() {
    return Collections.unmodifiableSet(specs.keySet());
  }

  /** The parameter of that name, or null if the class has none. */
  public @Nullable ParameterSpec find(String name) {
    return specs.get(name);
  }

  /**
   * The parameter of that name.
   *
   * @throws IllegalArgumentException if the class has none
   */
  public ParameterSpec get(String name) {
    ParameterSpec spec = specs.get(name);
    if (spec == null) {
      throw new IllegalArgumentException("the model has no parameter " + name);
    }
    return spec;
  }

  private void embeddings() {
    table(WORD_EMBEDDINGS, sizes.vocabulary(), Split.VOCABULARY, EMBEDDINGS);
    table(POSITION_EMBEDDINGS, sizes.positions(), Split.FIRST, EMBEDDINGS);
    table(TYPE_EMBEDDINGS, sizes.types(), Split.FIRST, EMBEDDINGS);
    if (sizes.order() == LayerOrder.POST_LAYER_NORM) {
      norm(EMBEDDINGS_NORM, EMBEDDINGS);
    }
  }

  private void layer(int index) {
    Place place = new Place.Layer(index);
    String prefix = layerPrefix(index);
    int hidden = sizes.hidden();
    attention(prefix + "attention.", place);
    if (sizes.crossAttention()) {
      attention(prefix + "crossattention.", place);
    }
    normBefore(prefix, place);
    linear(
        prefix + "intermediate.dense",
        hidden,
        sizes.intermediate(),
        Kind.MATRIX,
        Split.ROWS,
        place);
    rowParallel(prefix + "output.dense", sizes.intermediate(), hidden, place);
    normBehind(prefix, place);
  }

  private void attention(String prefix, Place place) {
    int hidden = sizes.hidden();
    normBefore(prefix, place);
    for (String part : new String[] {"query", "key", "value"}) {
      linear(prefix + "self." + part, hidden, hidden, Kind.MATRIX, Split.HEADS, place);
    }
    rowParallel(prefix + "output.dense", hidden, hidden, place);
    normBehind(prefix, place);
  }

  private void normBefore(String subLayer, Place place) {
    if (sizes.order() == LayerOrder.PRE_LAYER_NORM) {
      norm(sizes.order().norm(subLayer), place);
    }
  }

  private void normBehind(String subLayer, Place place) {
    if (sizes.order() == LayerOrder.POST_LAYER_NORM) {
      norm(sizes.order().norm(subLayer), place);
    }
  }

  private void head(ModelClass.Head head) {
    switch (head) {
      case POOLER -> dense(POOLER, sizes.hidden());
      case LANGUAGE_MODEL -> languageModel();
      case SENTENCE_PAIR -> dense(SENTENCE_PAIR, 2);
      case LABEL_CLASSIFIER -> dense(CLASSIFIER, sizes.labels());
      case CHOICE_CLASSIFIER -> dense(CLASSIFIER, 1);
      case ANSWER_SPAN -> dense(ANSWER_SPAN, 2);
    }
  }

  private void languageModel() {
    put(DECODER_BIAS, Shape.of(sizes.vocabulary()), Kind.BIAS, Split.VOCABULARY, HEAD);
    dense(LANGUAGE_MODEL + "transform.dense", sizes.hidden());
    norm(LANGUAGE_MODEL + "transform.LayerNorm", HEAD);
    if (!sizes.tied()) {
      Shape shape = Shape.of(sizes.vocabulary(), sizes.hidden());
      put(DECODER, shape, Kind.MATRIX, Split.VOCABULARY, HEAD);
    }
  }

  private void table(String name, int rows, Split split, Place place) {
    put(name, Shape.of(rows, sizes.hidden()), Kind.EMBEDDING, split, place);
  }

  private void norm(String prefix, Place place) {
    Shape shape = Shape.of(sizes.hidden());
    put(prefix + ".weight", shape, Kind.NORM_WEIGHT, Split.WHOLE, place);
    put(prefix + ".bias", shape, Kind.NORM_BIAS, Split.WHOLE, place);
  }

  private void dense(String prefix, int outputs) {
    linear(prefix, sizes.hidden(), outputs, Kind.MATRIX, Split.WHOLE, HEAD);
  }

  /** Inputs are divided; the bias is added once, to the sum of all ranks' products. */
  private void rowParallel(String prefix, int inputs, int outputs, Place place) {
    Shape shape = Shape.of(outputs, inputs);
    put(prefix + ".weight", shape, Kind.OUTPUT_MATRIX, Split.COLUMNS, place);
    put(prefix + ".bias", Shape.of(outputs), Kind.BIAS, Split.FIRST, place);
  }

  private void linear(String prefix, int inputs, int outputs, Kind kind, Split split, Place place) {
    put(prefix + ".weight", Shape.of(outputs, inputs), kind, split, place);
    put(prefix + ".bias", Shape.of(outputs), Kind.BIAS, split, place);
  }

  private void put(String name, Shape shape, Kind kind, Split split, Place place) {
    specs.put(name, new ParameterSpec(name, shape, kind, split, place));
  }
}
