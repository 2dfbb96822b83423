// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.input.Quote;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A forward pass as transformers' own {@code forward} is called: rectangles of named tensors in,
 * named tensors out, padding included.
 */
public final class TransformersForward {
  /** Names of all inputs that some class takes. */
  public static final Set<String> INPUT_NAMES =
      Set.of(
          "input_ids",
          "attention_mask",
          "token_type_ids",
          "position_ids",
          "inputs_embeds",
          "labels",
          "next_sentence_label",
          "start_positions",
          "end_positions",
          "encoder_hidden_states",
          "encoder_attention_mask");

  private final MegatronBert model;
  private final Map<String, Tensor> inputs;
  private final int sequences;
  private final int length;
  private final int choices;

  private TransformersForward(MegatronBert model, Map<String, Tensor> inputs) {
    this.model = model;
    this.inputs = inputs;
    Set<String> unknown = new TreeSet<>(inputs.keySet());
    unknown.removeAll(INPUT_NAMES);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "unknown inputs " + Quote.list(unknown) + "; known are " + new TreeSet<>(INPUT_NAMES));
    }
    Tensor ids = inputs.get("input_ids");
    Tensor embeds = inputs.get("inputs_embeds");
    if ((ids == null) == (embeds == null)) {
      throw new IllegalArgumentException(
          "either input_ids or inputs_embeds is needed, "
              + (ids == null ? "none is given" : "not both"));
    }
    Shape shape = ids != null ? ids.shape() : withoutLast(embeds);
    boolean multipleChoice = model instanceof MegatronBertForMultipleChoice;
    int rank = multipleChoice ? 3 : 2;
    if (shape.rank() != rank) {
      throw new IllegalArgumentException(
          (ids != null ? "input_ids has shape " : "inputs_embeds begins with the shape ")
              + shape
              + ", "
              + (multipleChoice ? "[questions, choices, length]" : "[sequences, length]")
              + " is expected by "
              + model.className());
    }
    length = shape.intExtent(-1);
    long rows = length == 0 ? 0 : shape.elements() / length;
    if (rows > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("the inputs have more sequences than fit: " + shape);
    }
    sequences = (int) rows;
    choices = multipleChoice ? shape.intExtent(1) : 1;
    if (sequences == 0) {
      throw new IllegalArgumentException("the inputs are empty: shape " + shape);
    }
  }

  private static Shape withoutLast(@Nullable Tensor tensor) {
    if (tensor == null || tensor.shape().rank() == 0) {
      return Shape.of();
    }
    long[] extents = tensor.shape().toArray();
    return Shape.of(Arrays.copyOf(extents, extents.length - 1));
  }

  /**
   * Runs a model.
   *
   * @param inputs by transformers' names: {@code input_ids} or {@code inputs_embeds}, {@code
   *     attention_mask}, {@code token_type_ids}, {@code position_ids}, {@code labels} and the
   *     others of {@link #INPUT_NAMES}, shaped as transformers takes them
   * @return by transformers' names: {@code logits}, {@code loss} (a scalar), {@code
   *     last_hidden_state}, {@code pooler_output}, {@code prediction_logits}, {@code
   *     seq_relationship_logits}, {@code start_logits}, {@code end_logits}, and as asked for {@code
   *     hidden_states.N}, {@code attentions.N}, {@code cross_attentions.N}
   * @throws IllegalArgumentException if an input is unknown, missing or of a wrong shape
   */
  public static Map<String, Tensor> run(
      MegatronBert model, Map<String, Tensor> inputs, OutputOptions options) {
    return new TransformersForward(model, inputs).run(options);
  }

  /**
   * The gradients of a model's loss.
   *
   * @param model computes with the parameters
   * @param inputs as for {@link #run}, with the labels of the model's class
   * @param with dropout and label smoothing
   * @param recompute whether layers are computed again for their gradients, to save memory
   * @return {@code loss} (a scalar) and {@code grad.<parameter>} for every parameter here that is
   *     not frozen, by transformers' names and of their shapes
   * @throws IllegalArgumentException if the labels are missing, or as {@link #run}
   */
  public static Map<String, Tensor> gradients(
      TrainableModel model, Map<String, Tensor> inputs, Regularization with, boolean recompute) {
    return new TransformersForward(model.model(), inputs).gradients(model, with, recompute);
  }

  private Map<String, Tensor> gradients(
      TrainableModel trained, Regularization with, boolean recompute) {
    TrainableParameters parameters = trained.parameters();
    Map<String, Tensor> named = new LinkedHashMap<>();
    try (Computation computation = parameters.backend().begin()) {
      parameters.clearGradients(computation);
      computation.finish();
    }
    named.put("loss", scalar(addGradients(trained, with, recompute)));
    try (Computation computation = parameters.backend().begin()) {
      parameters.sumShared(computation);
      computation.finish();
    }
    for (TrainableParameters.Parameter parameter : parameters.parameters()) {
      ResidentMatrix gradient = parameter.block().gradient();
      if (gradient != null && !parameter.isFrozen()) {
        named.put(
            "grad." + parameter.spec().name(),
            parameters.read(parameter, gradient, Arena.ofAuto()));
      }
    }
    return named;
  }

  private double addGradients(TrainableModel trained, Regularization with, boolean recompute) {
    TrainableParameters parameters = trained.parameters();
    if (parameters.share().isPipeline()) {
      PipelinePasses.MicroBatch all = new PipelinePasses.MicroBatch(batch(), labels(), with);
      return new PipelinePasses(trained, Timeline.OFF)
          .addGradients(List.of(all), 1, recompute, (computation, gradient) -> {});
    }
    try (Tape tape = new Tape(parameters.backend().begin(), parameters, recompute)) {
      Loss loss = model.loss(tape, batch(), labels(), with);
      double value = loss.read(tape);
      loss.backward(tape, 1);
      tape.finish();
      return value;
    }
  }

  /** The labels among the inputs, as the model's class takes them. */
  private Labels labels() {
    return switch (model) {
      case MegatronBertModel base ->
          throw new IllegalArgumentException("a " + base.className() + " has no loss");
      case MegatronBertForMaskedLM head -> tokenLabels();
      case MegatronBertForCausalLM head -> tokenLabels();
      case MegatronBertForTokenClassification head -> tokenLabels();
      case MegatronBertForPreTraining head ->
          new Labels.OfPreTraining(
              integerLabels("labels", sequences * length),
              integerLabels("next_sentence_label", sequences));
      case MegatronBertForNextSentencePrediction head ->
          new Labels.OfSequences(integerLabels("labels", sequences));
      case MegatronBertForSequenceClassification head -> {
        Tensor labels = required("labels");
        yield head.learnsFromValues(labels.dtype().isFloating())
            ? new Labels.Values(labels)
            : new Labels.OfSequences(Labels.integers("labels", labels, sequences));
      }
      case MegatronBertForMultipleChoice head ->
          new Labels.OfSequences(integerLabels("labels", sequences / choices));
      case MegatronBertForQuestionAnswering head ->
          new Labels.Spans(
              integerLabels("start_positions", sequences),
              integerLabels("end_positions", sequences));
    };
  }

  private Labels tokenLabels() {
    return new Labels.OfTokens(integerLabels("labels", sequences * length));
  }

  private int[] integerLabels(String name, int count) {
    return Labels.integers(name, required(name), count);
  }

  private Tensor required(String name) {
    Tensor tensor = inputs.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "gradients are those of a loss, and a " + model.className() + " wants " + name);
    }
    return tensor;
  }

  private static Tensor scalar(double value) {
    return Tensor.wrap(MemorySegment.ofArray(new float[] {(float) value}), DType.F32, Shape.of());
  }

  private Map<String, Tensor> run(OutputOptions options) {
    Batch batch = batch();
    Tensor labels = inputs.get("labels");
    Map<String, Tensor> named = new LinkedHashMap<>();
    ModelOutput output =
        switch (model) {
          case MegatronBertModel base -> base.forward(batch, options);
          case MegatronBertForMaskedLM head -> head.forward(batch, labels, options);
          case MegatronBertForCausalLM head -> head.forward(batch, labels, options);
          case MegatronBertForPreTraining head ->
              head.forward(batch, labels, inputs.get("next_sentence_label"), options);
          case MegatronBertForNextSentencePrediction head -> head.forward(batch, labels, options);
          case MegatronBertForSequenceClassification head -> head.forward(batch, labels, options);
          case MegatronBertForMultipleChoice head -> head.forward(batch, choices, labels, options);
          case MegatronBertForTokenClassification head -> head.forward(batch, labels, options);
          case MegatronBertForQuestionAnswering head ->
              head.forward(
                  batch, inputs.get("start_positions"), inputs.get("end_positions"), options);
        };
    if (output.loss().isPresent()) {
      named.put("loss", scalar(output.loss().getAsDouble()));
    }
    switch (output) {
      case ModelOutput.Base base -> {
        named.put("last_hidden_state", rectangle(base.lastHiddenState()));
        Tensor pooled = base.poolerOutput();
        if (pooled != null) {
          named.put("pooler_output", pooled);
        }
      }
      case ModelOutput.Logits head ->
          named.put("logits", hasTokenLogits() ? rectangle(head.logits()) : head.logits());
      case ModelOutput.PreTraining heads -> {
        named.put("prediction_logits", rectangle(heads.predictionLogits()));
        named.put("seq_relationship_logits", heads.seqRelationshipLogits());
      }
      case ModelOutput.QuestionAnswering answer -> {
        named.put("start_logits", answer.startLogits().reshape(Shape.of(sequences, length)));
        named.put("end_logits", answer.endLogits().reshape(Shape.of(sequences, length)));
      }
    }
    List<Tensor> states = output.layers().hiddenStates();
    for (int i = 0; i < states.size(); i++) {
      named.put("hidden_states." + i, rectangle(states.get(i)));
    }
    putAttentions(named, "attentions.", output.layers().attentions());
    putAttentions(named, "cross_attentions.", output.layers().crossAttentions());
    return named;
  }

  /** Rows of tokens as {@code [sequences, length, columns]}. */
  private Tensor rectangle(Tensor rows) {
    return rows.reshape(Shape.of(sequences, length, rows.shape().extent(1)));
  }

  private boolean hasTokenLogits() {
    return model instanceof MegatronBertForMaskedLM
        || model instanceof MegatronBertForCausalLM
        || model instanceof MegatronBertForTokenClassification;
  }

  private void putAttentions(
      Map<String, Tensor> named, String prefix, List<AttentionProbabilities> layers) {
    for (int i = 0; i < layers.size(); i++) {
      AttentionProbabilities layer = layers.get(i);
      named.put(
          prefix + i,
          layer
              .values()
              .reshape(
                  Shape.of(
                      sequences,
                      layer.layout().heads(),
                      layer.layout().queryLength()[0],
                      layer.layout().keyLength()[0])));
    }
  }

  private Batch batch() {
    Tensor ids = inputs.get("input_ids");
    Tensor embeds = inputs.get("inputs_embeds");
    Batch batch =
        Batch.rectangle(
            sequences,
            length,
            ids == null ? null : integers("input_ids", ids),
            perToken("token_type_ids"),
            positions(),
            perToken("attention_mask"),
            embeds == null
                ? null
                : embeds.reshape(Shape.of((long) sequences * length, embeds.shape().extent(-1))));
    Tensor encoder = inputs.get("encoder_hidden_states");
    if (encoder == null) {
      if (inputs.containsKey("encoder_attention_mask")) {
        throw new IllegalArgumentException(
            "encoder_attention_mask is given without encoder_hidden_states");
      }
      return batch;
    }
    Tensor mask = inputs.get("encoder_attention_mask");
    return batch.withEncoder(
        encoder, mask == null ? null : integers("encoder_attention_mask", mask));
  }

  private int @Nullable [] perToken(String name) {
    Tensor tensor = inputs.get(name);
    if (tensor == null) {
      return null;
    }
    if (tensor.elements() != (long) sequences * length) {
      throw wrongShape(name, tensor);
    }
    return integers(name, tensor);
  }

  private int @Nullable [] positions() {
    Tensor tensor = inputs.get("position_ids");
    if (tensor == null) {
      return null;
    }
    if (tensor.elements() != (long) sequences * length && tensor.elements() != length) {
      throw wrongShape("position_ids", tensor);
    }
    return integers("position_ids", tensor);
  }

  private IllegalArgumentException wrongShape(String name, Tensor tensor) {
    return new IllegalArgumentException(
        name
            + " has shape "
            + tensor.shape()
            + ", the inputs have "
            + sequences
            + " sequences of "
            + length
            + " tokens");
  }

  private static int[] integers(String name, Tensor tensor) {
    if (tensor.dtype().isFloating()) {
      if (!name.endsWith("mask")) {
        throw new IllegalArgumentException(
            name + " is of type " + tensor.dtype() + ", integers are expected");
      }
      int[] mask = new int[Math.toIntExact(tensor.elements())];
      for (int i = 0; i < mask.length; i++) {
        mask[i] = tensor.getFloat(i) != 0 ? 1 : 0;
      }
      return mask;
    }
    return tensor.toIntArray();
  }
}
