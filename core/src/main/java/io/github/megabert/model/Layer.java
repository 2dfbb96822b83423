package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.Regularization.Place;
import io.github.megabert.parameters.ParameterTable;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one layer ({@code transformers.MegatronBertLayer}): pre-LayerNorm
 * self-attention, cross-attention where there is one, and the MLP, each added to the un-normalised
 * hidden states.
 */
record Layer(
    int index,
    SelfAttention attention,
    @Nullable CrossAttention cross,
    Norm mlpNorm,
    Backend.Linear intermediate,
    Backend.Linear output,
    Activation activation) {

  /** Queries, keys and values come from one stacked product, {@code [hidden → 3 hidden]}. */
  record SelfAttention(Norm norm, Backend.Linear queryKeyValue, Backend.Linear output) {}

  /** Queries come from the normalised decoder, keys and values from the raw encoder states. */
  record CrossAttention(
      Norm norm, Backend.Linear query, Backend.Linear keyValue, Backend.Linear output) {}

  static Layer load(ParameterSource source, int index) {
    MegatronBertConfig config = source.config();
    String prefix = ParameterTable.layerPrefix(index);
    String self = prefix + "attention.self.";
    SelfAttention attention =
        new SelfAttention(
            source.norm(prefix + "attention.ln"),
            source.linear(self + "query", self + "key", self + "value"),
            source.linear(prefix + "attention.output.dense"));
    CrossAttention cross = null;
    if (config.addCrossAttention()) {
      String other = prefix + "crossattention.";
      cross =
          new CrossAttention(
              source.norm(other + "ln"),
              source.linear(other + "self.query"),
              source.linear(other + "self.key", other + "self.value"),
              source.linear(other + "output.dense"));
    }
    return new Layer(
        index,
        attention,
        cross,
        source.norm(prefix + "ln"),
        source.linear(prefix + "intermediate.dense"),
        source.linear(prefix + "output.dense"),
        config.hiddenAct());
  }

  /** Scratch matrices that all layers of a pass share. */
  record Scratch(Matrix normalised, Matrix queryKeyValue, Matrix context, Matrix intermediate) {
    static Scratch allocate(Computation computation, MegatronBertConfig config, int tokens) {
      int hidden = config.hiddenSize();
      return new Scratch(
          computation.matrix(tokens, hidden),
          computation.matrix(tokens, 3 * hidden),
          computation.matrix(tokens, hidden),
          computation.matrix(tokens, config.intermediateSize()));
    }
  }

  /**
   * Who attends to whom in self-attention, where keys and values are kept between passes, and where
   * the probabilities are written, if they are wanted.
   */
  record SelfPlan(
      AttentionLayout layout,
      @Nullable Matrix cache,
      int @Nullable [] cacheRows,
      @Nullable Matrix probabilities) {}

  /** Who attends to whom in cross-attention, and over what. */
  record CrossKeys(AttentionLayout layout, Matrix encoderStates) {}

  /** Likewise, and where the probabilities of one layer are written. */
  record CrossPlan(CrossKeys keys, @Nullable Matrix probabilities) {}

  /**
   * One layer: {@code next = h + attention(ln(h))}, then cross-attention and the MLP likewise,
   * {@code next} being written over.
   *
   * @param h {@code [tokens, hidden]}
   * @param next {@code [tokens, hidden]}; may be {@code h}
   */
  void apply(
      Computation computation,
      Regularization regularization,
      Scratch scratch,
      Matrix h,
      SelfPlan self,
      @Nullable CrossPlan crossPlan,
      Matrix next) {
    int hidden = h.columns();
    attention.norm.apply(computation, h, scratch.normalised);
    computation.linear(
        scratch.normalised,
        attention.queryKeyValue,
        Activation.IDENTITY,
        null,
        scratch.queryKeyValue);
    Matrix keyValue = scratch.queryKeyValue;
    int keyColumn = hidden;
    if (self.cache != null && self.cacheRows != null) {
      computation.scatterRows(scratch.queryKeyValue, hidden, self.cacheRows, self.cache);
      keyValue = self.cache;
      keyColumn = 0;
    }
    computation.attention(
        self.layout,
        scratch.queryKeyValue,
        0,
        keyValue,
        keyColumn,
        keyValue,
        keyColumn + hidden,
        regularization.ofProbabilities(index, Place.ATTENTION_PROBABILITIES),
        scratch.context,
        self.probabilities);
    Dropout dropout = regularization.ofTokens(index, Place.ATTENTION_OUTPUT, hidden);
    addProduct(computation, scratch, scratch.context, attention.output, dropout, h, next);
    if (crossPlan != null && cross != null) {
      applyCross(computation, regularization, scratch, cross, crossPlan, next);
    }
    mlpNorm.apply(computation, next, scratch.normalised);
    computation.linear(scratch.normalised, intermediate, activation, null, scratch.intermediate);
    dropout = regularization.ofTokens(index, Place.MLP_OUTPUT, hidden);
    addProduct(computation, scratch, scratch.intermediate, output, dropout, next, next);
  }

  private void applyCross(
      Computation computation,
      Regularization regularization,
      Scratch scratch,
      CrossAttention cross,
      CrossPlan plan,
      Matrix h) {
    int hidden = h.columns();
    Matrix states = plan.keys.encoderStates;
    Matrix keyValue = computation.matrix(states.rows(), 2 * hidden);
    Matrix query = computation.matrix(h.rows(), hidden);
    cross.norm.apply(computation, h, scratch.normalised);
    computation.linear(scratch.normalised, cross.query, Activation.IDENTITY, null, query);
    computation.linear(states, cross.keyValue, Activation.IDENTITY, null, keyValue);
    computation.attention(
        plan.keys.layout,
        query,
        0,
        keyValue,
        0,
        keyValue,
        hidden,
        regularization.ofProbabilities(index, Place.CROSS_ATTENTION_PROBABILITIES),
        scratch.context,
        plan.probabilities);
    Dropout dropout = regularization.ofTokens(index, Place.CROSS_ATTENTION_OUTPUT, hidden);
    addProduct(computation, scratch, scratch.context, cross.output, dropout, h, h);
  }

  /** {@code out = dropout(x·Wᵀ + b) + residual}; writes over the normalised states. */
  private static void addProduct(
      Computation computation,
      Scratch scratch,
      Matrix x,
      Backend.Linear linear,
      @Nullable Dropout dropout,
      Matrix residual,
      Matrix out) {
    if (dropout == null) {
      computation.linear(x, linear, Activation.IDENTITY, residual, out);
    } else {
      computation.linear(x, linear, Activation.IDENTITY, null, scratch.normalised);
      computation.dropout(dropout, scratch.normalised, residual, out);
    }
  }
}
