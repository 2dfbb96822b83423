package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parameters.ParameterTable;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one layer ({@code transformers.MegatronBertLayer}): pre-LayerNorm
 * self-attention, cross-attention where there is one, and the MLP, each added to the un-normalised
 * hidden states.
 */
record Layer(
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

  /** Who attends to whom in self-attention, and where keys and values are kept between passes. */
  record SelfPlan(AttentionLayout layout, @Nullable Matrix cache, int @Nullable [] cacheRows) {}

  /** Who attends to whom in cross-attention, and over what. */
  record CrossPlan(AttentionLayout layout, Matrix encoderStates) {}

  /**
   * One layer: {@code next = h + attention(ln(h))}, then cross-attention and the MLP likewise,
   * {@code next} being written over.
   *
   * @param h {@code [tokens, hidden]}
   * @param probabilities where to write self-attention's probabilities, or null
   * @param crossProbabilities where to write cross-attention's probabilities, or null
   * @param next {@code [tokens, hidden]}; may be {@code h}
   */
  void apply(
      Computation computation,
      Scratch scratch,
      Matrix h,
      SelfPlan self,
      @Nullable Matrix probabilities,
      @Nullable CrossPlan crossPlan,
      @Nullable Matrix crossProbabilities,
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
        scratch.context,
        probabilities);
    computation.linear(scratch.context, attention.output, Activation.IDENTITY, h, next);
    if (crossPlan != null && cross != null) {
      applyCross(computation, scratch, cross, crossPlan, crossProbabilities, next);
    }
    mlpNorm.apply(computation, next, scratch.normalised);
    computation.linear(scratch.normalised, intermediate, activation, null, scratch.intermediate);
    computation.linear(scratch.intermediate, output, Activation.IDENTITY, next, next);
  }

  private static void applyCross(
      Computation computation,
      Scratch scratch,
      CrossAttention cross,
      CrossPlan plan,
      @Nullable Matrix probabilities,
      Matrix h) {
    int hidden = h.columns();
    Matrix keyValue = computation.matrix(plan.encoderStates.rows(), 2 * hidden);
    Matrix query = computation.matrix(h.rows(), hidden);
    cross.norm.apply(computation, h, scratch.normalised);
    computation.linear(scratch.normalised, cross.query, Activation.IDENTITY, null, query);
    computation.linear(plan.encoderStates, cross.keyValue, Activation.IDENTITY, null, keyValue);
    computation.attention(
        plan.layout, query, 0, keyValue, 0, keyValue, hidden, scratch.context, probabilities);
    computation.linear(scratch.context, cross.output, Activation.IDENTITY, h, h);
  }
}
