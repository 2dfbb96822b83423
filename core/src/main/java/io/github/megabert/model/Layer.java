// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.Regularization.Place;
import io.github.megabert.parameters.LayerOrder;
import io.github.megabert.parameters.ParameterTable;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one layer ({@code transformers.MegatronBertLayer}, {@code
 * transformers.BertLayer}): self-attention, cross-attention where there is one, and the MLP. Each
 * adds to the hidden states; the order says whether LayerNorm stands before it or behind the sum.
 *
 * <p>Under tensor parallelism (Shoeybi et al. 2019, section 3) a rank has some heads and some of
 * the intermediate channels. Each sub-layer reads hidden states that all ranks share, and its
 * products are summed over the ranks before the residual is added. Under sequence parallelism the
 * hidden states are those of a rank's tokens ({@link TokenShare}).
 */
record Layer(
    int index,
    LayerOrder order,
    SelfAttention attention,
    @Nullable CrossAttention cross,
    Norm mlpNorm,
    Backend.Linear intermediate,
    Backend.Linear output,
    Activation activation,
    TensorRank ranks) {

  /** Queries, keys and values come from one stacked product, {@code [hidden → 3 hidden]}. */
  record SelfAttention(Norm norm, Backend.Linear queryKeyValue, Backend.Linear output) {}

  /** Queries come from the decoder, keys and values from the encoder states as they are. */
  record CrossAttention(
      Norm norm, Backend.Linear query, Backend.Linear keyValue, Backend.Linear output) {}

  static Layer load(ParameterSource source, int index) {
    MegatronBertConfig config = source.config();
    LayerOrder order = config.family().order();
    String prefix = ParameterTable.layerPrefix(index);
    String self = prefix + "attention.self.";
    SelfAttention attention =
        new SelfAttention(
            source.norm(order.norm(prefix + "attention.")),
            source.linear(self + "query", self + "key", self + "value"),
            source.linear(prefix + "attention.output.dense"));
    CrossAttention cross = null;
    if (config.addCrossAttention()) {
      String other = prefix + "crossattention.";
      cross =
          new CrossAttention(
              source.norm(order.norm(other)),
              source.linear(other + "self.query"),
              source.linear(other + "self.key", other + "self.value"),
              source.linear(other + "output.dense"));
    }
    return new Layer(
        index,
        order,
        attention,
        cross,
        source.norm(order.norm(prefix)),
        source.linear(prefix + "intermediate.dense"),
        source.linear(prefix + "output.dense"),
        config.hiddenAct(),
        source.ranks());
  }

  /**
   * Scratch matrices that all layers of a pass share.
   *
   * @param normalised {@code [rows of the share, hidden]}
   * @param whole {@code [tokens, hidden]}, the same matrix where tokens are not divided
   * @param queryKeyValue {@code [tokens, 3 · this rank's part of hidden]}
   * @param context {@code [tokens, this rank's part of hidden]}
   * @param intermediate {@code [tokens, this rank's channels]}
   */
  record Scratch(
      TokenShare share,
      Matrix normalised,
      Matrix whole,
      Matrix queryKeyValue,
      Matrix context,
      Matrix intermediate) {
    static Scratch allocate(Computation computation, MegatronBertConfig config, TokenShare share) {
      TensorRank ranks = share.ranks();
      int tokens = share.tokens();
      int width = ranks.share(config.hiddenSize());
      Matrix normalised = computation.matrix(share.rows(), config.hiddenSize());
      return new Scratch(
          share,
          normalised,
          share.isDivided() ? computation.matrix(tokens, config.hiddenSize()) : normalised,
          computation.matrix(tokens, 3 * width),
          computation.matrix(tokens, width),
          computation.matrix(tokens, ranks.share(config.intermediateSize())));
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
   * One layer: {@code next = h + attention(ln(h))}, or {@code ln(h + attention(h))} by the order;
   * then cross-attention and the MLP likewise, {@code next} being written over.
   *
   * @param h {@code [rows of the share, hidden]}
   * @param next of the same shape; may be {@code h}
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
    int width = scratch.context.columns();
    computation.linear(
        divided(computation, scratch, normalised(computation, attention.norm, scratch, h)),
        attention.queryKeyValue,
        Activation.IDENTITY,
        null,
        scratch.queryKeyValue);
    Matrix keyValue = scratch.queryKeyValue;
    int keyColumn = width;
    if (self.cache != null && self.cacheRows != null) {
      computation.scatterRows(scratch.queryKeyValue, width, self.cacheRows, self.cache);
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
        keyColumn + width,
        ofProbabilities(regularization, self.layout, Place.ATTENTION_PROBABILITIES),
        scratch.context,
        self.probabilities);
    Dropout dropout = regularization.ofTokens(index, Place.ATTENTION_OUTPUT, hidden);
    addProduct(computation, scratch, scratch.context, attention.output, dropout, h, next);
    normaliseSum(computation, attention.norm, next);
    if (crossPlan != null && cross != null) {
      applyCross(computation, regularization, scratch, cross, crossPlan, next);
    }
    Matrix x = divided(computation, scratch, normalised(computation, mlpNorm, scratch, next));
    computation.linear(x, intermediate, activation, null, scratch.intermediate);
    dropout = regularization.ofTokens(index, Place.MLP_OUTPUT, hidden);
    addProduct(computation, scratch, scratch.intermediate, output, dropout, next, next);
    normaliseSum(computation, mlpNorm, next);
  }

  private void applyCross(
      Computation computation,
      Regularization regularization,
      Scratch scratch,
      CrossAttention cross,
      CrossPlan plan,
      Matrix h) {
    int width = scratch.context.columns();
    // Every rank has all encoder states, and nothing is trained through them.
    Matrix states = plan.keys.encoderStates;
    Matrix keyValue = computation.matrix(states.rows(), 2 * width);
    Matrix query = computation.matrix(scratch.share.tokens(), width);
    Matrix x = divided(computation, scratch, normalised(computation, cross.norm, scratch, h));
    computation.linear(x, cross.query, Activation.IDENTITY, null, query);
    computation.linear(states, cross.keyValue, Activation.IDENTITY, null, keyValue);
    computation.attention(
        plan.keys.layout,
        query,
        0,
        keyValue,
        0,
        keyValue,
        width,
        ofProbabilities(regularization, plan.keys.layout, Place.CROSS_ATTENTION_PROBABILITIES),
        scratch.context,
        plan.probabilities);
    Dropout dropout = regularization.ofTokens(index, Place.CROSS_ATTENTION_OUTPUT, h.columns());
    addProduct(computation, scratch, scratch.context, cross.output, dropout, h, h);
    normaliseSum(computation, cross.norm, h);
  }

  /** What a sub-layer reads: the hidden states behind a LayerNorm, or as they are. */
  private Matrix normalised(Computation computation, Norm norm, Scratch scratch, Matrix h) {
    if (order == LayerOrder.POST_LAYER_NORM) {
      return h;
    }
    norm.apply(computation, h, scratch.normalised);
    return scratch.normalised;
  }

  /** The LayerNorm behind a sub-layer's sum, where the order has it. */
  private void normaliseSum(Computation computation, Norm norm, Matrix sum) {
    if (order == LayerOrder.POST_LAYER_NORM) {
      norm.apply(computation, sum, sum);
    }
  }

  /** What ranks read that compute parts of a layer. */
  private static Matrix divided(Computation computation, Scratch scratch, Matrix x) {
    return scratch.share.spread(computation, x, scratch.whole);
  }

  private @Nullable Dropout ofProbabilities(
      Regularization regularization, AttentionLayout layout, Place place) {
    Dropout dropout = regularization.ofProbabilities(index, place);
    if (dropout == null || ranks.group() == null) {
      return dropout;
    }
    int heads = layout.heads();
    return dropout.ofHeads(ranks.rank() * heads, ranks.size() * heads);
  }

  /**
   * {@code out = dropout(x·Wᵀ + b) + residual}, the product summed over ranks; writes over {@code
   * scratch.normalised} and {@code scratch.whole}.
   */
  private void addProduct(
      Computation computation,
      Scratch scratch,
      Matrix x,
      Backend.Linear linear,
      @Nullable Dropout dropout,
      Matrix residual,
      Matrix out) {
    boolean isWhole = ranks.group() == null;
    if (dropout == null && isWhole) {
      computation.linear(x, linear, Activation.IDENTITY, residual, out);
      return;
    }
    computation.linear(x, linear, Activation.IDENTITY, null, scratch.whole);
    if (dropout == null) {
      scratch.share.collect(computation, scratch.whole, residual, out);
      return;
    }
    Matrix sum = scratch.normalised;
    if (!isWhole) {
      scratch.share.collect(computation, scratch.whole, null, sum);
    }
    Dropout own = scratch.share.mask(dropout, sum.columns());
    computation.dropout(requireNonNull(own), sum, residual, out);
  }
}
